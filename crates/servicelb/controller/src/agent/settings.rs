//! Settings and output of the agent.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::{ObjectName, Protocol};
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
