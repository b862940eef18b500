//! Options of network policy.

use clap::Args;

/// Options of network policy.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network policy")]
pub struct NetworkPolicyOptions {
    /// Enforce no NetworkPolicies, and remove what enforced them. Agents enforce them; servers take the flag because those of K3s do.
    #[arg(long, env = "KINGLET_DISABLE_NETWORK_POLICY")]
    pub disable_network_policy: bool,
}
