//! Settings, inputs and output of the agent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_kube::Reflector;
use kinglet_model::{Node, ObjectName, Pod, Protocol, Service};
use kinglet_servicelb_plan::Mode;

/// Protocols and ports that a node serves on all its addresses, by Service.
pub type NodeShare = BTreeMap<ObjectName, BTreeSet<(Protocol, u16)>>;

/// Settings of an agent.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// Name of the agent's Node.
    pub node: Arc<str>,
    /// As in the [settings of the controller](kinglet_servicelb_plan::ServiceLbSettings).
    pub mode: Mode,
    /// As in the settings of the controller.
    pub namespace: String,
}

/// Where objects come from.
#[derive(Clone)]
pub struct AgentSources {
    /// All Services.
    pub services: Reflector<Service>,
    /// All Nodes.
    pub nodes: Reflector<Node>,
    /// The Pods of the node; more do no harm.
    pub pods: Reflector<Pod>,
}
