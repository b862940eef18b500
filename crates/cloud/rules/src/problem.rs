//! What is wrong with the annotations of a Node.

use std::fmt;

use crate::keys::{INTERNAL_IP, PROVIDED_NODE_IP};

/// A problem of a Node. Its text is for the Node's Events and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeProblem {
    /// No address inside the cluster's network is known.
    NoAddress,
    /// The kubelet uses an address that is not among those of the node.
    ForeignNodeIp(String),
    /// An entry of an annotation or label is left out.
    Unusable {
        /// The annotation or label.
        key: &'static str,
        /// The entry.
        value: String,
        /// What would be accepted.
        accepted: &'static str,
    },
}

impl NodeProblem {
    /// Whether nothing can be done for the node before it is solved.
    pub fn is_blocking(&self) -> bool {
        !matches!(self, Self::Unusable { .. })
    }

    /// `reason` of the Event.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NoAddress => "NodeAddressMissing",
            Self::ForeignNodeIp(_) => "NodeAddressMismatch",
            Self::Unusable { .. } => "NodeAddressInvalid",
        }
    }
}

impl fmt::Display for NodeProblem {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoAddress => write!(
                formatter,
                "Annotation {INTERNAL_IP} has no usable address; the node's agent has to write one"
            ),
            Self::ForeignNodeIp(address) => write!(
                formatter,
                "The kubelet uses {address} (annotation {PROVIDED_NODE_IP}), which neither {INTERNAL_IP} nor k3s.io/external-ip has"
            ),
            Self::Unusable { key, value, accepted } => {
                write!(formatter, "{key}: {value:?} is left out; {accepted}")
            }
        }
    }
}
