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

/// A port by its number or by its name, as `80`, `53/udp`, `http` or `dns/udp`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PortChoice {
    /// By its number.
    Number(PortProtocol),
    /// By its name; with a protocol only if it has that one.
    Name(String, Option<TransportProtocol>),
}

/// A text is no port with a protocol that is accepted.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PortError {
    /// Where names and SCTP are not accepted.
    #[error("{0:?}: PORT, PORT/tcp or PORT/udp with a port from 1 to 65535 is accepted")]
    TcpOrUdp(String),
    /// Where they are.
    #[error(
        "{0:?}: PORT or NAME is accepted, alone or with /tcp, /udp or /sctp; a port is from 1 to 65535, a name has lower-case \
         letters, digits and dashes"
    )]
    NumberOrName(String),
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
        let protocol = TransportProtocol::read(protocol)?;
        Some(Self { port, protocol })
    }
}

impl TransportProtocol {
    fn read(text: &str) -> Option<Self> {
        match text.to_ascii_lowercase().as_str() {
            "tcp" => Some(Self::Tcp),
            "udp" => Some(Self::Udp),
            "sctp" => Some(Self::Sctp),
            _ => None,
        }
    }
}

impl PortChoice {
    fn read(text: &str) -> Option<Self> {
        if let Some(port) = PortProtocol::read(text) {
            return Some(Self::Number(port));
        }
        let (name, protocol) = match text.split_once('/') {
            Some((name, protocol)) => (name, Some(TransportProtocol::read(protocol)?)),
            None => (text, None),
        };
        // As Kubernetes names ports (RFC 6335, section 5.1): a name has a letter, a number has none.
        let is_allowed = |one: char| one.is_ascii_lowercase() || one.is_ascii_digit() || one == '-';
        let is_name = name.chars().all(is_allowed) && name.contains(|one: char| one.is_ascii_lowercase());
        is_name.then(|| Self::Name(name.to_owned(), protocol))
    }
}

impl FromStr for PortChoice {
    type Err = PortError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::read(text).ok_or_else(|| PortError::NumberOrName(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_any_protocol() {
        let parse = PortProtocol::read;
        for (text, port, protocol) in [
            ("80", 80, TransportProtocol::Tcp),
            ("53/UDP", 53, TransportProtocol::Udp),
            ("9899/sctp", 9899, TransportProtocol::Sctp),
        ] {
            assert_eq!(parse(text), Some(PortProtocol { port, protocol }));
        }
        for wrong in ["0", "x", "80/icmp", "70000", "", "/tcp"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }

    #[test]
    fn ports_by_name() {
        let parse = |text: &str| text.parse::<PortChoice>();
        let port = PortProtocol::read("53/udp").unwrap();
        assert_eq!(parse("53/udp"), Ok(PortChoice::Number(port)));
        assert_eq!(parse("http-2"), Ok(PortChoice::Name("http-2".to_owned(), None)));
        let name = PortChoice::Name("dns".to_owned(), Some(TransportProtocol::Udp));
        assert_eq!(parse("dns/UDP"), Ok(name));
        for wrong in ["0", "70000", "", "/tcp", "dns/icmp", "DNS", "a.b", "1-2"] {
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
