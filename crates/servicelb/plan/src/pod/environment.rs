//! The environment variables.

use std::net::IpAddr;

use ipnet::IpNet;
use kinglet_model::Protocol;

use crate::ranges;

/// An environment variable that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// It is not set.
    #[error("environment variable {0} is not set")]
    Missing(&'static str),
    /// Its value is wrong.
    #[error("environment variable {name}: {value:?} is not {accepted}")]
    Invalid {
        /// The variable.
        name: &'static str,
        /// Its value, or the wrong part of it.
        value: String,
        /// What is accepted.
        accepted: &'static str,
    },
}

/// What is forwarded where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Forwarding {
    /// `DEST_PROTO`: the transport protocol of both ports.
    pub protocol: Protocol,
    /// `SRC_PORT`: the port of the Pod.
    pub port: u16,
    /// `SRC_RANGES`: the networks that may use it.
    pub sources: Vec<IpNet>,
    /// `DEST_PORT`: the port that it is forwarded to.
    pub destination_port: u16,
    /// `DEST_IPS`: addresses that it is forwarded to: of each family the first counts.
    pub destinations: Vec<IpAddr>,
}

impl Forwarding {
    /// Reads the variables, which `variable` gives by name.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, VariableError> {
        let get = |name| variable(name).ok_or(VariableError::Missing(name));
        Ok(Self {
            protocol: parse("DEST_PROTO", &get("DEST_PROTO")?, "TCP, UDP or SCTP", protocol)?,
            port: parse("SRC_PORT", &get("SRC_PORT")?, PORT, port)?,
            sources: list("SRC_RANGES", &get("SRC_RANGES")?, "a network", ranges::parse)?,
            destination_port: parse("DEST_PORT", &get("DEST_PORT")?, PORT, port)?,
            destinations: list("DEST_IPS", &get("DEST_IPS")?, "an address", |text| {
                text.parse().ok()
            })?,
        })
    }
}

const PORT: &str = "a port from 1 to 65535";

fn parse<T>(
    name: &'static str,
    text: &str,
    accepted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<T, VariableError> {
    // Lists are written by hand, too, with blanks after commas.
    let text = text.trim();
    read(text).ok_or_else(|| VariableError::Invalid {
        name,
        value: text.to_owned(),
        accepted,
    })
}

fn list<T>(
    name: &'static str,
    text: &str,
    accepted: &'static str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Vec<T>, VariableError> {
    let parts = text.split(',').map(|part| parse(name, part, accepted, &read));
    parts.collect()
}

fn protocol(text: &str) -> Option<Protocol> {
    let all = [Protocol::Tcp, Protocol::Udp, Protocol::Sctp];
    all.into_iter()
        .find(|one| one.as_lower().eq_ignore_ascii_case(text))
}

fn port(text: &str) -> Option<u16> {
    text.parse().ok().filter(|port| *port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: [(&str, &str); 5] = [
        ("SRC_PORT", "80"),
        ("SRC_RANGES", "10.0.0.0/8,::/0"),
        ("DEST_PROTO", "TCP"),
        ("DEST_PORT", "31080"),
        ("DEST_IPS", "10.43.0.7,fd00:43::7"),
    ];

    fn with(name: &str, value: Option<&str>) -> Result<Forwarding, String> {
        let variable = |wanted: &str| {
            let found = GOOD
                .iter()
                .find(|(one, _)| *one == wanted)
                .map(|(_, value)| *value);
            if wanted == name { value } else { found }.map(str::to_owned)
        };
        Forwarding::from_variables(variable).map_err(|error| error.to_string())
    }

    #[test]
    fn all_variables_are_read() {
        let forwarding = Forwarding {
            protocol: Protocol::Tcp,
            port: 80,
            sources: vec!["10.0.0.0/8".parse().unwrap(), "::/0".parse().unwrap()],
            destination_port: 31080,
            destinations: vec!["10.43.0.7".parse().unwrap(), "fd00:43::7".parse().unwrap()],
        };
        assert_eq!(with("", None), Ok(forwarding));
        assert_eq!(with("DEST_PROTO", Some("udp")).unwrap().protocol, Protocol::Udp);
    }

    #[test]
    fn errors_name_the_variable() {
        for (name, _) in GOOD {
            assert_eq!(
                with(name, None).unwrap_err(),
                format!("environment variable {name} is not set")
            );
        }
        let table = [
            ("SRC_PORT", "0", "\"0\" is not a port from 1 to 65535"),
            ("SRC_RANGES", "10.0.0.0/8,x", "\"x\" is not a network"),
            ("DEST_PROTO", "ICMP", "\"ICMP\" is not TCP, UDP or SCTP"),
            ("DEST_PORT", "http", "\"http\" is not a port from 1 to 65535"),
            ("DEST_IPS", "", "\"\" is not an address"),
        ];
        for (name, value, error) in table {
            assert_eq!(
                with(name, Some(value)).unwrap_err(),
                format!("environment variable {name}: {error}")
            );
        }
    }
}
