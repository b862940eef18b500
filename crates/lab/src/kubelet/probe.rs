//! Probes and hooks: one attempt each. HTTP and TCP come from the node, as a kubelet's do; commands run
//! inside the pod.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::{Command, Stdio};
use std::time::Duration;

use http::Request;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::netns::Namespace;
use crate::place::Place;
use crate::spawner::Spawner;

use super::spec::{Action, Container, ExecAction, HttpGetAction, TcpSocketAction};

/// Where an attempt goes.
pub(crate) struct Target<'a> {
    pub(crate) node: &'a Namespace,
    pub(crate) place: &'a Place,
    pub(crate) address: IpAddr,
    pub(crate) container: &'a Container,
    pub(crate) spawner: &'a Spawner,
}

impl Target<'_> {
    /// Makes one attempt.
    ///
    /// # Errors
    /// Why it failed, in a kubelet's words where there are some.
    pub(crate) async fn attempt(&self, action: &Action, limit: Duration) -> Result<(), String> {
        if let Some(exec) = &action.exec {
            return self.exec(exec, limit).await;
        }
        let attempt = async {
            if let Some(get) = &action.http_get {
                self.http_get(get).await
            } else if let Some(tcp) = &action.tcp_socket {
                self.tcp(tcp).await
            } else if let Some(sleep) = &action.sleep {
                tokio::time::sleep(Duration::from_secs(sleep.seconds.into())).await;
                Ok(())
            } else {
                Err("the lab knows exec, httpGet, tcpSocket and sleep".to_owned())
            }
        };
        timeout(limit, attempt)
            .await
            .unwrap_or_else(|_| Err(format!("no answer within {limit:?}")))
    }

    async fn exec(&self, exec: &ExecAction, limit: Duration) -> Result<(), String> {
        let failed = |error: io::Error| format!("command {:?}: {error}", exec.command);
        let mut words = exec.command.iter();
        let mut command = Command::new(words.next().map(String::as_str).unwrap_or_default());
        command
            .args(words)
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let child = self.spawner.spawn(command, self.place).await.map_err(failed)?;
        let output = timeout(limit, child.wait_with_output())
            .await
            .map_err(|_| format!("command {:?} timed out after {limit:?}", exec.command))?
            .map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        Err(format!(
            "command {:?}: {}: {}",
            exec.command,
            output.status,
            shortened(&text)
        ))
    }

    async fn tcp(&self, tcp: &TcpSocketAction) -> Result<(), String> {
        let address = self.address(tcp.host.as_deref(), &tcp.port)?;
        self.connect(address).await.map(|_| ())
    }

    async fn http_get(&self, get: &HttpGetAction) -> Result<(), String> {
        if get.scheme.eq_ignore_ascii_case("https") {
            return Err("scheme HTTPS: the lab probes HTTP only".to_owned());
        }
        let address = self.address(get.host.as_deref(), &get.port)?;
        let stream = self.connect(address).await?;
        let path = if get.path.starts_with('/') {
            get.path.clone()
        } else {
            format!("/{}", get.path)
        };
        let mut request = Request::get(path).header("user-agent", "kube-probe/kinglet-lab");
        if !get
            .http_headers
            .iter()
            .any(|header| header.name.eq_ignore_ascii_case("host"))
        {
            request = request.header("host", address.to_string());
        }
        for header in &get.http_headers {
            request = request.header(&header.name, &header.value);
        }
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(|error| error.to_string())?;
        let status = send(stream, request).await.map_err(|error| error.to_string())?;
        if (200..400).contains(&status) {
            Ok(())
        } else {
            Err(format!("HTTP probe failed with statuscode: {status}"))
        }
    }

    fn address(&self, host: Option<&str>, port: &kinglet_model::NamedOrNumber) -> Result<SocketAddr, String> {
        let ip = match host {
            Some(host) => host
                .parse()
                .map_err(|_| format!("host {host:?} is not an address"))?,
            None => self.address,
        };
        let number = self.container.port_number(port);
        let number = number.ok_or_else(|| format!("couldn't find port: {port}"))?;
        Ok(SocketAddr::new(ip, number))
    }

    async fn connect(&self, address: SocketAddr) -> Result<TcpStream, String> {
        let connected = async {
            let socket = self.node.run(|| match address {
                SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4(),
                SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6(),
            })?;
            socket.connect(address).await
        };
        connected
            .await
            .map_err(|error| format!("dial tcp {address}: {error}"))
    }
}

async fn send(stream: TcpStream, request: Request<Empty<Bytes>>) -> Result<u16, hyper::Error> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let exchange = async move {
        sender
            .send_request(request)
            .await
            .map(|response| response.status().as_u16())
    };
    tokio::pin!(exchange);
    tokio::select! {
        answer = &mut exchange => answer,
        ended = connection => match ended {
            Ok(()) => exchange.await,
            Err(error) => Err(error),
        },
    }
}

fn shortened(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    text.trim().chars().take(500).collect()
}
