//! The agent of a node: reports the ports on which processes of the node listen, and computes the ports that
//! the node's data plane has to serve.
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
//! let host = agent::LocalHost { state: "/run/kinglet".into() };
//! let metrics = agent::Metrics::default();
//! let mut share = agent::spawn(&reflectors, settings, host, told, &metrics, stop);
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
mod host;
mod inputs;
mod kept;
mod listening;
mod metrics;
mod reserved;
mod run;
mod settings;
mod unserved;

use std::sync::Arc;

use kinglet_kube::Reflectors;
use kinglet_servicelb_plan::NodeShare;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use self::annotation::withdraw;
pub use self::host::{Host, LocalHost};
pub use self::inputs::KINDS;
use self::inputs::inputs;
pub use self::metrics::Metrics;
use self::run::Agent;
pub use self::settings::AgentSettings;

/// Starts a task that reports listening ports and computes the node's share until `stop` is cancelled. The
/// share is `None` until all objects are known. The host is asked for listening ports every two seconds;
/// nothing else is done while nothing changes. `served` is the share that the kernel has rules for: the same
/// `Arc` as was given.
///
/// In mode [`Mode::DaemonSet`](kinglet_servicelb_plan::Mode) the node reports only until Pods have taken over
/// all that it served natively before. The share stays `None` until the Node no longer has the annotation
/// that its kernel serves: others rely on the rules for as long.
pub fn spawn(
    reflectors: &Reflectors,
    settings: AgentSettings,
    host: impl Host,
    served: watch::Receiver<Option<Arc<NodeShare>>>,
    metrics: &Metrics,
    stop: CancellationToken,
) -> watch::Receiver<Option<Arc<NodeShare>>> {
    let (sender, share) = watch::channel(None);
    let agent = Agent::new(reflectors.client().clone(), settings, host, sender, served);
    let inputs = inputs(reflectors, metrics.lag().clone());
    tokio::spawn(async move {
        stop.run_until_cancelled(agent.serve(inputs)).await;
    });
    share
}
