//! Waits until the sample application answers over DNS, HTTP and HTTPS.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use base64::Engine;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{Instant, sleep, timeout};
use tokio_rustls::TlsConnector;

use super::entrances::Entrances;
use super::sample;
use crate::server::Server;

/// How long the sample may take to answer.
const DEADLINE: Duration = Duration::from_secs(10);
const INTERVAL: Duration = Duration::from_millis(10);
const HOST: &str = "hello.example";

/// Returns when DNS, HTTP and HTTPS answer; fails with the last cause when they do not within ten seconds.
pub(super) async fn all_answer(server: &Server, addresses: Entrances) -> Result<()> {
    let domain = server.cluster_domain();
    let tls = client_config()?;
    until(async || dns(addresses.dns, &format!("web.hello.svc.{domain}")).await)
        .await
        .context("DNS does not answer")?;
    until(async || http(TcpStream::connect(addresses.web).await?).await)
        .await
        .context("HTTP does not answer")?;
    until(async || https(addresses.websecure, tls.clone()).await)
        .await
        .context("HTTPS does not answer")
}

async fn until(probe: impl AsyncFn() -> Result<()>) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    loop {
        match probe().await {
            Err(_) if Instant::now() < deadline => sleep(INTERVAL).await,
            result => return result,
        }
    }
}

/// Asks for the A records of a name and expects at least one (RFC 1035 section 4).
async fn dns(server: SocketAddr, name: &str) -> Result<()> {
    let local: SocketAddr = if server.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(local).await?;
    socket.connect(server).await?;
    let mut query = vec![0x4b, 0x4c, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0];
    for label in name.split('.') {
        query.push(u8::try_from(label.len())?);
        query.extend_from_slice(label.as_bytes());
    }
    query.extend_from_slice(&[0, 0, 1, 0, 1]);
    socket.send(&query).await?;
    let mut answer = [0; 512];
    let length = timeout(Duration::from_secs(1), socket.recv(&mut answer)).await??;
    match answer.get(..length) {
        Some([0x4b, 0x4c, _, flags, _, _, high, low, ..]) if flags & 0xf == 0 && (*high, *low) != (0, 0) => {
            Ok(())
        }
        _ => bail!("no address for {name}"),
    }
}

async fn https(server: SocketAddr, config: Arc<ClientConfig>) -> Result<()> {
    let stream = TcpStream::connect(server).await?;
    http(
        TlsConnector::from(config)
            .connect(ServerName::try_from(HOST)?, stream)
            .await?,
    )
    .await
}

async fn http(mut stream: impl AsyncRead + AsyncWrite + Unpin) -> Result<()> {
    stream
        .write_all(format!("GET / HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n").as_bytes())
        .await?;
    let mut status = [0; 12];
    stream.read_exact(&mut status).await?;
    ensure!(&status == b"HTTP/1.1 200", "{}", String::from_utf8_lossy(&status));
    Ok(())
}

/// Trusts the sample's own certificate and no other: that it is served proves that the Secret is.
fn client_config() -> Result<Arc<ClientConfig>> {
    let secret = kinglet_addons::parse(sample::TLS_SECRET)?;
    let pem = secret
        .first()
        .and_then(|secret| secret["stringData"]["tls.crt"].as_str())
        .unwrap_or_default();
    let body: String = pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let certificate = base64::engine::general_purpose::STANDARD
        .decode(body)
        .context("sample certificate")?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(certificate))?;
    Ok(Arc::new(
        ClientConfig::builder()
            .with_root_certificates(roots)
            .with_no_client_auth(),
    ))
}
