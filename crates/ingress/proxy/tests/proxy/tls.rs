//! TLS: protocols by ALPN, certificates by server name.

use std::net::SocketAddr;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, Version};
use http_body_util::{BodyExt, Empty};
use hyper_util::rt::{TokioExecutor, TokioIo};
use kinglet_ingress_proxy::ProxySnapshot;
use kinglet_ingress_routes::Certificate;
use kinglet_model::ObjectName;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::*;

/// Accepts every certificate: the tests look at which one was shown.
#[derive(Debug)]
struct AcceptAll(Arc<rustls::crypto::CryptoProvider>);

impl ServerCertVerifier for AcceptAll {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(
            message,
            certificate,
            signature,
            &self.0.signature_verification_algorithms,
        )
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

pub(crate) fn client_config(alpn: &[&str]) -> Arc<ClientConfig> {
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AcceptAll(provider())))
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    Arc::new(config)
}

async fn connect(address: SocketAddr, name: &str, alpn: &[&str]) -> TlsStream<TcpStream> {
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from(name.to_owned()).unwrap();
    TlsConnector::from(client_config(alpn))
        .connect(name, stream)
        .await
        .unwrap()
}

/// The certificate that a client with this server name is shown.
async fn shown(address: SocketAddr, name: &str) -> CertificateDer<'static> {
    let stream = connect(address, name, &[]).await;
    stream.get_ref().1.peer_certificates().unwrap()[0]
        .clone()
        .into_owned()
}

fn certificate(secret: &str, names: &[&str], year: i32) -> Arc<Certificate> {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut parameters = rcgen::CertificateParams::new(names).unwrap();
    parameters.not_before = rcgen::date_time_ymd(year, 1, 1);
    let key = rcgen::KeyPair::generate().unwrap();
    let chain = parameters.self_signed(&key).unwrap().pem();
    Arc::new(Certificate {
        secret: ObjectName::new("default", secret),
        chain: chain.into_bytes().into(),
        key: key.serialize_pem().into_bytes().into(),
    })
}

fn der(certificate: &Certificate) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&certificate.chain).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_server_name_chooses_the_certificate() {
    let exact = certificate("exact", &["a.example.com"], 2024);
    let older = certificate("older", &["a.example.com"], 2020);
    let wildcard = certificate("wildcard", &["*.example.com"], 2025);
    let mut configuration = routes(&[]);
    configuration.certificates = vec![wildcard.clone(), older, exact.clone()];
    let proxy = TestProxy::start(&configuration);
    assert_eq!(shown(proxy.websecure, "a.example.com").await, der(&exact));
    assert_eq!(shown(proxy.websecure, "A.EXAMPLE.com").await, der(&exact));
    assert_eq!(shown(proxy.websecure, "b.example.com").await, der(&wildcard));
    let default = shown(proxy.websecure, "a.b.example.com").await;
    assert_ne!(default, der(&wildcard));
    assert_eq!(shown(proxy.websecure, "127.0.0.1").await, default);

    let newer = certificate("newer", &["a.example.com"], 2026);
    configuration.certificates.push(newer.clone());
    ProxySnapshot::publish(&proxy.snapshot, &configuration);
    assert_eq!(shown(proxy.websecure, "a.example.com").await, der(&newer));
    assert_eq!(
        shown(proxy.websecure, "a.b.example.com").await,
        default,
        "the default certificate is made once"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_by_alpn() {
    let server = echo_server().await;
    let proxy = TestProxy::start(&routes(&[("a.example.com", "/", &[server])]));
    let stream = connect(proxy.websecure, "a.example.com", &["h2", "http/1.1"]).await;
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]));
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    tokio::spawn(connection);
    let request = || {
        let request = Request::builder()
            .uri("https://a.example.com/x")
            .version(Version::HTTP_2);
        request
            .header("cookie", "a=1")
            .header("cookie", "b=2")
            .body(Empty::<Bytes>::new())
            .unwrap()
    };
    let (one, two) = tokio::join!(
        sender.clone().send_request(request()),
        sender.send_request(request())
    );
    for response in [one.unwrap(), two.unwrap()] {
        assert_eq!(response.version(), Version::HTTP_2);
        let body = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8(body.to_vec()).unwrap();
        assert!(text.starts_with("GET /x HTTP/1.1\n"), "{text}");
        for line in [
            "host: a.example.com\n",
            "cookie: a=1; b=2\n",
            "x-forwarded-proto: https\n",
            "x-forwarded-port: 443\n",
        ] {
            assert!(text.contains(line), "{line:?} is not in {text}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn http2_with_prior_knowledge() {
    let proxy = TestProxy::start(&routes(&[("a.example.com", "/", &[echo_server().await])]));
    let stream = TokioIo::new(TcpStream::connect(proxy.web).await.unwrap());
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), stream)
        .await
        .unwrap();
    tokio::spawn(connection);
    let request = Request::get("http://a.example.com/")
        .body(Empty::<Bytes>::new())
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    assert_eq!(
        (response.status().as_u16(), response.version()),
        (200, Version::HTTP_2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn http1_over_tls() {
    let proxy = TestProxy::start(&routes(&[("a.example.com", "/", &[echo_server().await])]));
    let mut stream = connect(proxy.websecure, "a.example.com", &["http/1.1"]).await;
    stream
        .write_all(b"GET /x HTTP/1.1\r\nHost: a.example.com\r\n\r\n")
        .await
        .unwrap();
    let answer = read_until(&mut stream, "\n\n").await;
    assert!(
        answer.contains("GET /x HTTP/1.1\n") && answer.contains("x-forwarded-proto: https\n"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_over_tls() {
    let first = TestProxy::start(&routes(&[("", "/", &[echo_server().await])]));
    let mut trusting = settings();
    trusting.upstream_tls = Some(client_config(&[]));
    let to_first = routes_by(
        kinglet_ingress_routes::Scheme::Https,
        &[("", "/", &[first.websecure])],
    );
    let second = TestProxy::with_settings(&to_first, trusting);
    let answer = second.get("a", "/through-two").await;
    assert!(answer.contains("GET /through-two HTTP/1.1\n"), "{answer}");
    let without = TestProxy::start(&to_first);
    assert!(without.get("a", "/").await.starts_with("HTTP/1.1 502 "));
}
