//! Probes and hooks: one attempt each. HTTP and TCP come from the node, as a kubelet's do; commands run
//! inside the pod.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use http::Request;
use http_body_util::Empty;
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use kinglet_model::NamedOrNumber;
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::netns::Namespace;
use crate::place::Place;
use crate::spawner::Spawner;

use super::spec::{Action, Container, ExecAction, HttpGetAction, TcpSocketAction};

/// An attempt that failed; texts are a kubelet's where it has some.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ProbeError {
    #[error("the lab knows exec, httpGet, tcpSocket and sleep")]
    UnknownAction,
    #[error("no answer within {0:?}")]
    NoAnswer(Duration),
    #[error("command {command:?}: {source}")]
    Command { command: Vec<String>, source: io::Error },
    #[error("command {command:?} timed out after {limit:?}")]
    CommandTimeout { command: Vec<String>, limit: Duration },
    #[error("command {command:?}: {status}: {output}")]
    CommandFailed {
        command: Vec<String>,
        status: ExitStatus,
        output: String,
    },
    #[error("scheme HTTPS: the lab probes HTTP only")]
    Https,
    #[error(transparent)]
    Request(#[from] http::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error("HTTP probe failed with statuscode: {0}")]
    Status(u16),
    #[error("host {0:?} is not an address")]
    Host(String),
    #[error("couldn't find port: {0}")]
    Port(NamedOrNumber),
    #[error("dial tcp {address}: {source}")]
    Connect { address: SocketAddr, source: io::Error },
}

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
    pub(crate) async fn attempt(&self, action: &Action, limit: Duration) -> Result<(), ProbeError> {
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
                Err(ProbeError::UnknownAction)
            }
        };
        timeout(limit, attempt)
            .await
            .unwrap_or(Err(ProbeError::NoAnswer(limit)))
    }

    async fn exec(&self, exec: &ExecAction, limit: Duration) -> Result<(), ProbeError> {
        let failed = |source| ProbeError::Command {
            command: exec.command.clone(),
            source,
        };
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
            .map_err(|_| ProbeError::CommandTimeout {
                command: exec.command.clone(),
                limit,
            })?
            .map_err(failed)?;
        if output.status.success() {
            return Ok(());
        }
        let text = [output.stdout, output.stderr].concat();
        Err(ProbeError::CommandFailed {
            command: exec.command.clone(),
            status: output.status,
            output: shortened(&text),
        })
    }

    async fn tcp(&self, tcp: &TcpSocketAction) -> Result<(), ProbeError> {
        let address = self.address(tcp.host.as_deref(), &tcp.port)?;
        self.connect(address).await.map(|_| ())
    }

    async fn http_get(&self, get: &HttpGetAction) -> Result<(), ProbeError> {
        if get.scheme.eq_ignore_ascii_case("https") {
            return Err(ProbeError::Https);
        }
        let address = self.address(get.host.as_deref(), &get.port)?;
        let stream = self.connect(address).await?;
        let path = if get.path.starts_with('/') {
            get.path.clone()
        } else {
            format!("/{}", get.path)
        };
        // Servers tell probes from clients by `kube-probe/`.
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
        let request = request.body(Empty::<Bytes>::new())?;
        let status = send(stream, request).await?;
        // As with a kubelet, a redirect is a success.
        if (200..400).contains(&status) {
            Ok(())
        } else {
            Err(ProbeError::Status(status))
        }
    }

    fn address(&self, host: Option<&str>, port: &NamedOrNumber) -> Result<SocketAddr, ProbeError> {
        let ip = match host {
            Some(host) => host.parse().map_err(|_| ProbeError::Host(host.to_owned()))?,
            None => self.address,
        };
        let number = self.container.port_number(port);
        let number = number.ok_or_else(|| ProbeError::Port(port.clone()))?;
        Ok(SocketAddr::new(ip, number))
    }

    async fn connect(&self, address: SocketAddr) -> Result<TcpStream, ProbeError> {
        let connected = async {
            let socket = self.node.run(|| match address {
                SocketAddr::V4(_) => tokio::net::TcpSocket::new_v4(),
                SocketAddr::V6(_) => tokio::net::TcpSocket::new_v6(),
            })?;
            socket.connect(address).await
        };
        connected
            .await
            .map_err(|source| ProbeError::Connect { address, source })
    }
}

async fn send(stream: TcpStream, request: Request<Empty<Bytes>>) -> Result<u16, hyper::Error> {
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // It goes on only while the connection is polled, too.
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
