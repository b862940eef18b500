//! The sets and maps that all Services share. There are few of them, since the kernel's work grows with their
//! number.

use kinglet_nft::{Data, DataType, Element, L3, Mapped, Set};

/// Most clients with affinity, in each family: without a bound, clients could fill the kernel's memory.
const AFFINITY: u32 = 65_536;

/// A set in one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct SetId {
    pub(crate) kind: SetKind,
    pub(crate) family: L3,
}

/// What a set is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum SetKind {
    /// Address, protocol and port of a Service to a verdict.
    Vips,
    /// Protocol and port of the node to a verdict.
    NodePorts,
    /// Protocol and port of the node to a verdict that says whether its loopback addresses serve it, too.
    Localhost,
    /// Cluster addresses.
    ClusterIps,
    /// Addresses, protocols and ports whose clients come from outside.
    External,
    /// Protocols and ports of the node whose clients come from outside.
    ExternalPorts,
    /// Addresses of endpoints on the node.
    Local,
    /// Addresses of endpoints, twice, as source and destination: pods that reach themselves.
    Hairpin,
    /// Networks of the node's own pods.
    OwnPods,
    /// Address, protocol and port of a Service, and a number, to the endpoint.
    Backends,
    /// Protocol and port of the node, and a number, to the endpoint.
    NodePortBackends,
    /// Client, key of a chain, and the endpoint of it that the client keeps.
    Affinity,
}

impl SetKind {
    pub(crate) const ALL: [Self; 12] = [
        Self::Vips,
        Self::NodePorts,
        Self::Localhost,
        Self::ClusterIps,
        Self::External,
        Self::ExternalPorts,
        Self::Local,
        Self::Hairpin,
        Self::OwnPods,
        Self::Backends,
        Self::NodePortBackends,
        Self::Affinity,
    ];

    /// The set of this kind in a family.
    pub(crate) fn of(self, family: L3) -> SetId {
        SetId { kind: self, family }
    }

    fn word(self) -> &'static str {
        match self {
            Self::Vips => "vips",
            Self::NodePorts => "node-ports",
            Self::Localhost => "localhost",
            Self::ClusterIps => "cluster-ips",
            Self::External => "external",
            Self::ExternalPorts => "external-ports",
            Self::Local => "local",
            Self::Hairpin => "hairpin",
            Self::OwnPods => "own-pods",
            Self::Backends => "backends",
            Self::NodePortBackends => "node-port-backends",
            Self::Affinity => "affinity",
        }
    }
}

impl SetId {
    /// All sets of the table.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        let families = [L3::Ipv4, L3::Ipv6].into_iter();
        let all = families.flat_map(|family| SetKind::ALL.into_iter().map(move |kind| kind.of(family)));
        // The kernel has no `route_localnet` for IPv6.
        all.filter(|id| *id != SetKind::Localhost.of(L3::Ipv6))
    }

    pub(crate) fn name(self) -> String {
        let family = match self.family {
            L3::Ipv4 => '4',
            L3::Ipv6 => '6',
        };
        format!("{}{family}", self.kind.word())
    }

    /// The set, without elements. Numbers are of type `mark`, the only one of 32 bits that `nft` both prints
    /// and reads.
    pub(crate) fn set(self) -> Set {
        use DataType::{InetProto, InetService, Mark};
        let name = self.name();
        let address = match self.family {
            L3::Ipv4 => DataType::Ipv4Addr,
            L3::Ipv6 => DataType::Ipv6Addr,
        };
        match self.kind {
            SetKind::Vips => Set::vmap(name, [address, InetProto, InetService]),
            SetKind::NodePorts | SetKind::Localhost => Set::vmap(name, [InetProto, InetService]),
            SetKind::ClusterIps | SetKind::Local => Set::new(name, [address]),
            SetKind::External => Set::new(name, [address, InetProto, InetService]),
            SetKind::ExternalPorts => Set::new(name, [InetProto, InetService]),
            SetKind::Hairpin => Set::new(name, [address, address]),
            SetKind::OwnPods => Set::new(name, [address]).interval(),
            SetKind::Backends => Set::map(
                name,
                [address, InetProto, InetService, Mark],
                [address, InetService],
            ),
            SetKind::NodePortBackends => {
                Set::map(name, [InetProto, InetService, Mark], [address, InetService])
            }
            SetKind::Affinity => {
                let set = Set::new(name, [address, Mark, Mark, address, InetService]);
                set.dynamic().timeouts().size(AFFINITY)
            }
        }
    }

    /// An element of the set. Of a set of ranges the key of a claim has the first and the last address.
    pub(crate) fn element(self, key: Data, mapped: Option<Mapped>) -> Element {
        let element = match (self.kind, key.0.as_slice()) {
            (SetKind::OwnPods, [first, last]) if first == last => Element::new(first.clone()),
            (SetKind::OwnPods, [first, last]) => Element::range(first.clone(), last.clone()),
            _ => Element::new(key),
        };
        Element { mapped, ..element }
    }

    /// The key of a claim to an element that the kernel lists.
    pub(crate) fn key(self, element: &Element) -> Data {
        let mut key = element.key.clone();
        if self.kind == SetKind::OwnPods {
            let last = element.last.as_ref().unwrap_or(&element.key);
            key.0.extend(last.0.iter().cloned());
        }
        key
    }
}
