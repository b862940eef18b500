//! Settings of the agent.

use std::sync::Arc;

use kinglet_servicelb_plan::Mode;

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
