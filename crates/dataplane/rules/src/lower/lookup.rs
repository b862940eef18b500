//! By what a connection's destination is looked up.

use kinglet_nft::L3;

use crate::table::SetKind;

/// By what a connection's destination is looked up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lookup {
    /// Address and port.
    Vip,
    /// A port of the node.
    NodePort,
}

impl Lookup {
    /// The verdict map.
    pub(super) fn verdicts(self) -> SetKind {
        match self {
            Self::Vip => SetKind::Vips,
            Self::NodePort => SetKind::NodePorts,
        }
    }

    /// The map with the endpoints.
    pub(super) fn backends(self) -> SetKind {
        match self {
            Self::Vip => SetKind::Backends,
            Self::NodePort => SetKind::NodePortBackends,
        }
    }

    /// What names of shared chains begin with.
    pub(super) fn prefix(self, family: L3) -> String {
        self.verdicts().of(family).name()
    }
}
