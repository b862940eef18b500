//! Probes: does a connection get through, who answers, and whom did they see?

use std::io::{self, ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream, ToSocketAddrs, UdpSocket};
use std::time::{Duration, Instant};

use kinglet_model::Protocol;
use serde::Serialize;

use crate::addressing::Family;
use crate::echo::Reply;
use crate::netns::in_thread;
use crate::place::Place;
use crate::sys;

/// Time for an answer when nothing else is said.
pub const TIMEOUT: Duration = Duration::from_secs(2);
/// A datagram that may have been lost is sent again after this time.
const RESEND: Duration = Duration::from_millis(500);
/// An open port that does not speak HTTP need not answer.
const SILENCE: Duration = Duration::from_secs(1);

/// What to probe.
#[derive(Clone, Debug)]
pub struct Target {
    /// An address, or a DNS name as the place finds it.
    pub host: String,
    /// Port.
    pub port: u16,
    /// TCP or UDP.
    pub protocol: Protocol,
    /// Which of a name's addresses; the first when not given.
    pub family: Option<Family>,
    /// Time for everything.
    pub timeout: Duration,
}

impl Target {
    /// A TCP port.
    pub fn tcp(host: impl ToString, port: u16) -> Self {
        Self {
            host: host.to_string(),
            port,
            protocol: Protocol::Tcp,
            family: None,
            timeout: TIMEOUT,
        }
    }

    /// A UDP port.
    pub fn udp(host: impl ToString, port: u16) -> Self {
        Self {
            protocol: Protocol::Udp,
            ..Self::tcp(host, port)
        }
    }
}

/// How a probe ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// A connection was made, or a datagram answered.
    Open,
    /// Somebody said no: a TCP reset or an ICMP error.
    Refused,
    /// Nobody said anything.
    Timeout,
}

impl Verdict {
    /// `open`, `refused` or `timeout`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Refused => "refused",
            Self::Timeout => "timeout",
        }
    }
}

/// A probe's outcome.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Outcome {
    /// How it ended.
    pub result: Verdict,
    /// The pod that answered, `NAMESPACE/POD`.
    pub pod: Option<String>,
    /// Its node.
    pub node: Option<String>,
    /// The image that its manifest names.
    pub image: Option<String>,
    /// The client's address as the server saw it.
    pub client: Option<IpAddr>,
    /// Milliseconds until the end.
    pub ms: f64,
    /// What the system said, where it was not open.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// A probe that could not be made.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The place cannot be entered.
    #[error("cannot enter {place}: {source}")]
    Enter {
        /// The place.
        place: String,
        /// What the system says.
        source: io::Error,
    },
    /// The name has no address.
    #[error("{host}: {reason}")]
    Name {
        /// The name.
        host: String,
        /// What the resolver says.
        reason: String,
    },
    /// The protocol.
    #[error("SCTP cannot be probed; TCP and UDP can")]
    Sctp,
}

/// Makes a probe from a place. Blocks for at most the target's timeout and the time to find its name.
pub fn probe(from: &Place, target: &Target) -> Result<Outcome, ProbeError> {
    let outside = |source| ProbeError::Enter {
        place: from.description.label.clone(),
        source,
    };
    in_thread(|| {
        sys::enter(from).map_err(outside)?;
        let address = resolve(target)?;
        let began = Instant::now();
        let answer = match target.protocol {
            Protocol::Tcp => tcp(address, target.timeout),
            Protocol::Udp => udp(address, target.timeout),
            Protocol::Sctp => return Err(ProbeError::Sctp),
        };
        Ok(outcome(answer, began.elapsed()))
    })
    .map_err(outside)?
}

fn resolve(target: &Target) -> Result<SocketAddr, ProbeError> {
    let failed = |reason: String| ProbeError::Name {
        host: target.host.clone(),
        reason,
    };
    let mut found = (target.host.as_str(), target.port)
        .to_socket_addrs()
        .map_err(|error| failed(error.to_string()))?;
    found
        .find(|address| {
            target
                .family
                .is_none_or(|family| Family::of(address.ip()) == family)
        })
        .ok_or_else(|| failed("no address of that family".to_owned()))
}

fn outcome(answer: io::Result<Option<Reply>>, took: Duration) -> Outcome {
    let (result, reply, error) = match answer {
        Ok(reply) => (Verdict::Open, reply, None),
        Err(error) => (verdict(&error), None, Some(error.to_string())),
    };
    let reply = reply.as_ref();
    Outcome {
        result,
        pod: reply.map(|reply| reply.identity.pod.clone()),
        node: reply.map(|reply| reply.identity.node.clone()),
        image: reply.map(|reply| reply.identity.image.clone()),
        client: reply.map(|reply| reply.client),
        ms: (took.as_secs_f64() * 1e6).round() / 1e3,
        error,
    }
}

fn verdict(error: &io::Error) -> Verdict {
    match error.kind() {
        // EACCES is ICMPv6's "administratively prohibited", EPERM a datagram that a rule dropped on its way
        // out.
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset | ErrorKind::PermissionDenied => {
            Verdict::Refused
        }
        _ => Verdict::Timeout,
    }
}

/// Connects and asks who is there; `None` for a server that says nothing of itself.
fn tcp(address: SocketAddr, timeout: Duration) -> io::Result<Option<Reply>> {
    let deadline = Instant::now() + timeout;
    let mut stream = TcpStream::connect_timeout(&address, timeout)?;
    let left = deadline.saturating_duration_since(Instant::now());
    // The standard library refuses a timeout of zero.
    stream.set_read_timeout(Some(left.min(SILENCE).max(Duration::from_millis(1))))?;
    // The end of the connection is the end of the answer: no framing has to be read.
    let request =
        format!("GET / HTTP/1.1\r\nhost: {address}\r\naccept: application/json\r\nconnection: close\r\n\r\n");
    let mut answer = Vec::new();
    // It is open already: what follows only tells who is there.
    let _ = stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_end(&mut answer));
    Ok(reply(&answer))
}

/// The JSON object in an answer, with or without an HTTP head in front.
fn reply(answer: &[u8]) -> Option<Reply> {
    let start = answer.iter().position(|byte| *byte == b'{')?;
    let mut values = serde_json::Deserializer::from_slice(&answer[start..]).into_iter();
    values.next()?.ok()
}

fn udp(address: SocketAddr, timeout: Duration) -> io::Result<Option<Reply>> {
    let any: IpAddr = match address {
        SocketAddr::V4(_) => std::net::Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => std::net::Ipv6Addr::UNSPECIFIED.into(),
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Connected, so that the kernel reports ICMP errors (port unreachable) to this socket.
    socket.connect(address)?;
    let deadline = Instant::now() + timeout;
    let mut buffer = vec![0; 2048];
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        socket.send(b"probe\n")?;
        socket.set_read_timeout(Some(left.min(RESEND)))?;
        match socket.recv(&mut buffer) {
            Ok(read) => return Ok(reply(&buffer[..read])),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn replies_are_found_behind_an_http_head() {
        let body = r#"{"pod":"shop/web","node":"node-1","container":"app","image":"web:1","protocol":"HTTP","client":"10.42.1.9","clientPort":5,"server":"10.42.1.2:80","path":"/"}"#;
        let answer = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n{body}", body.len());
        let found = reply(answer.as_bytes()).unwrap();
        assert_eq!(found.identity.pod, "shop/web");
        assert_eq!(found.client, IpAddr::from([10, 42, 1, 9]));
        assert_eq!(reply(b"SSH-2.0"), None);
        assert_eq!(reply(b"{}"), None);
    }

    #[test]
    fn errors_are_refusals_only_when_somebody_refused() {
        for (kind, expected) in [
            (ErrorKind::ConnectionRefused, Verdict::Refused),
            (ErrorKind::ConnectionReset, Verdict::Refused),
            (ErrorKind::TimedOut, Verdict::Timeout),
            (ErrorKind::HostUnreachable, Verdict::Timeout),
        ] {
            assert_eq!(verdict(&kind.into()), expected);
        }
    }
}
