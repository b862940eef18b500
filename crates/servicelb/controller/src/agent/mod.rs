//! What the agent of a node has to do: tell which ports its processes listen on, and learn which ports its
//! data plane has to serve.
//!
//! ```no_run
//! # async fn example(reflectors: kinglet_kube::Reflectors) {
//! use kinglet_servicelb::agent;
//! use kinglet_servicelb_plan::Mode;
//! use tokio_util::sync::CancellationToken;
//!
//! let settings = agent::AgentSettings {
//!     node: "node-1".into(),
//!     mode: Mode::Native,
//!     namespace: "kube-system".to_owned(),
//! };
//! let (served, told) = tokio::sync::watch::channel(None);
//! let stop = CancellationToken::new();
//! let mut share = agent::spawn(&reflectors, settings, agent::listening, told, stop);
//! while share.changed().await.is_ok() {
//!     let share = share.borrow_and_update().clone();
//!     for (service, ports) in share.iter().flat_map(|share| share.iter()) {
//!         println!("all addresses of the node: {ports:?} of {service}");
//!     }
//!     // Once the kernel has the rules:
//!     served.send_replace(share);
//! }
//! # }
//! ```

mod annotation;
mod inputs;
mod listening;
mod run;
mod settings;

use std::sync::Arc;

use kinglet_kube::Reflectors;
use kinglet_servicelb_plan::HostPorts;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::annotation::withdraw;
pub use self::inputs::KINDS;
use self::inputs::inputs;
pub use self::listening::listening;
use self::run::Agent;
pub use self::settings::{AgentSettings, NodeShare};

/// Starts a task that reports listening ports and follows the node's share until `stop` is cancelled; the
/// share is nothing until it is known. `listening` tells the ports; it is called on threads that may block,
/// every two seconds. `served` tells which share the kernel has rules for.
///
/// In mode [`Mode::DaemonSet`] the node reports only as long as Pods have not taken over all that it served
/// natively before. The share is not known before everybody can know that what the kernel has is about to go.
pub fn spawn(
    reflectors: &Reflectors,
    settings: AgentSettings,
    listening: impl Fn() -> std::io::Result<HostPorts> + Clone + Send + 'static,
    served: watch::Receiver<Option<Arc<NodeShare>>>,
    stop: CancellationToken,
) -> watch::Receiver<Option<Arc<NodeShare>>> {
    let (sender, share) = watch::channel(None);
    let agent = Agent::new(reflectors.client().clone(), settings, sender, served);
    let inputs = inputs(reflectors);
    tokio::spawn(async move {
        stop.run_until_cancelled(agent.serve(inputs, listening)).await;
    });
    share
}
