//! Ports with their protocol.

use std::str::FromStr;

/// A port with its transport protocol, as `80`, `80/tcp`, `53/udp` or `9899/sctp`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PortProtocol {
    /// Port.
    pub port: u16,
    /// Protocol.
    pub protocol: TransportProtocol,
}

/// A transport protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransportProtocol {
    /// TCP.
    Tcp,
    /// UDP.
    Udp,
    /// SCTP.
    Sctp,
}

/// A text is no port with a protocol that is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Where all protocols are accepted.
    #[error("{0:?}: PORT, PORT/tcp, PORT/udp or PORT/sctp with a port from 1 to 65535 is accepted")]
    AnyProtocol(String),
    /// Where SCTP is not.
    #[error("{0:?}: PORT, PORT/tcp or PORT/udp with a port from 1 to 65535 is accepted")]
    TcpOrUdp(String),
}

impl PortProtocol {
    /// Reads a port of TCP or UDP.
    ///
    /// # Errors
    /// No port, or of another protocol.
    pub(crate) fn tcp_or_udp(text: &str) -> Result<Self, PortError> {
        Self::read(text)
            .filter(|port| port.protocol != TransportProtocol::Sctp)
            .ok_or_else(|| PortError::TcpOrUdp(text.to_owned()))
    }

    fn read(text: &str) -> Option<Self> {
        let (number, protocol) = text.split_once('/').unwrap_or((text, "tcp"));
        let port = number.parse().ok().filter(|port| *port > 0)?;
        let protocol = match protocol.to_ascii_lowercase().as_str() {
            "tcp" => TransportProtocol::Tcp,
            "udp" => TransportProtocol::Udp,
            "sctp" => TransportProtocol::Sctp,
            _ => return None,
        };
        Some(Self { port, protocol })
    }
}

impl FromStr for PortProtocol {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text).ok_or_else(|| PortError::AnyProtocol(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_any_protocol() {
        let parse = |text: &str| text.parse::<PortProtocol>();
        for (text, port, protocol) in [
            ("80", 80, TransportProtocol::Tcp),
            ("53/UDP", 53, TransportProtocol::Udp),
            ("9899/sctp", 9899, TransportProtocol::Sctp),
        ] {
            assert_eq!(parse(text), Ok(PortProtocol { port, protocol }));
        }
        for wrong in ["0", "x", "80/icmp", "70000", "", "/tcp"] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn ports_of_tcp_or_udp() {
        for (text, port, protocol) in [
            ("80", 80, TransportProtocol::Tcp),
            ("53/UDP", 53, TransportProtocol::Udp),
        ] {
            assert_eq!(
                PortProtocol::tcp_or_udp(text),
                Ok(PortProtocol { port, protocol })
            );
        }
        for wrong in ["0", "x", "80/sctp", "70000", ""] {
            assert!(PortProtocol::tcp_or_udp(wrong).is_err(), "{wrong}");
        }
    }
}
