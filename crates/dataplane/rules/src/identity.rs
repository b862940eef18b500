//! Names by which the kernel knows the ports of Services: they depend on nothing but the Service's name and
//! the port's.

use std::fmt;
use std::sync::Arc;

use kinglet_model::{IpFamily, ObjectName, Protocol};
use sha2::{Digest, Sha256};

/// Longest comment that the kernel keeps.
const COMMENT: usize = 127;

/// A port of a Service in one address family.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PortId {
    pub(crate) service: ObjectName,
    /// Empty for an unnamed port.
    pub(crate) port: Arc<str>,
    pub(crate) protocol: Protocol,
    pub(crate) family: IpFamily,
}

/// What a chain of a port does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Role {
    /// Spreads over the endpoints of the cluster.
    Cluster,
    /// Spreads over the endpoints of the node.
    Local,
    /// Tells clients of the cluster from those outside (`externalTrafficPolicy: Local`).
    ExternalLocal,
    /// Lets only some networks use a load balancer's address.
    SourceRanges,
    /// The same for a load balancer's port on the node's own addresses.
    NodeSourceRanges,
}

/// 64 bits that stand for a port and a role; a collision would take billions of Services.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Key {
    pub(crate) high: u32,
    pub(crate) low: u32,
}

impl PortId {
    /// What stands for the port in maps that all Services share.
    pub(crate) fn key(&self, role: Role) -> Key {
        let mut hash = Sha256::new();
        let protocol = self.protocol.as_lower();
        for part in [
            &*self.service.namespace,
            &*self.service.name,
            &*self.port,
            protocol,
        ] {
            hash.update(part);
            // No name has this octet: without it `a` and `bc` would hash as `ab` and `c` do.
            hash.update([0]);
        }
        hash.update([u8::from(self.family == IpFamily::V6)]);
        hash.update(role.word());
        let digest = hash.finalize();
        let word = |at: usize| {
            let octets = digest.get(at..).and_then(|rest| rest.first_chunk());
            u32::from_be_bytes(octets.copied().unwrap_or_default())
        };
        Key {
            high: word(0),
            low: word(4),
        }
    }

    /// Name of the port's chain for a role.
    pub(crate) fn chain(&self, role: Role) -> String {
        let Key { high, low } = self.key(role);
        format!("{}-{high:08x}{low:08x}", role.word())
    }

    /// What an operator reads beside the chain.
    pub(crate) fn comment(&self) -> String {
        let mut text = self.to_string();
        while text.len() > COMMENT {
            // Whole characters: `nft` expects UTF-8.
            text.pop();
        }
        text
    }
}

impl Role {
    /// What names of chains say.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Cluster => "cluster",
            Self::Local => "local",
            Self::ExternalLocal => "outside",
            Self::SourceRanges => "sources",
            Self::NodeSourceRanges => "node-sources",
        }
    }
}

impl fmt::Display for PortId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.service)?;
        if !self.port.is_empty() {
            write!(formatter, ":{}", self.port)?;
        }
        write!(formatter, " {}", self.protocol.as_lower())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_and_differ() {
        let port = |name: &str, family| PortId {
            service: ObjectName::new("default", "web"),
            port: name.into(),
            protocol: Protocol::Tcp,
            family,
        };
        let http = port("http", IpFamily::V4);
        assert_eq!(http.chain(Role::Cluster), "cluster-3216570cae8f9b98");
        assert_eq!(http.comment(), "default/web:http tcp");
        assert_ne!(http.key(Role::Cluster), http.key(Role::Local));
        assert_ne!(
            http.key(Role::Cluster),
            port("http", IpFamily::V6).key(Role::Cluster)
        );
        assert_ne!(
            http.key(Role::Cluster),
            port("https", IpFamily::V4).key(Role::Cluster)
        );
    }
}
