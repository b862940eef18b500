//! Services in the kernel of one node: the shell around [`kinglet_dataplane`].
//!
//! A [`ServicesAgent`] follows Services, EndpointSlices, Nodes and Pods, commits the batches that the core
//! makes of them, and deletes tracked connections to endpoints that are gone. [`serve_health`] answers at the
//! `healthCheckNodePort` of Services. [`ConntrackLimits`] and [`RouteLocalnet`] set what else the kernel
//! needs for Services.
//!
//! ```no_run
//! # async fn example(reflectors: kinglet_kube::Reflectors) -> Result<(), Box<dyn std::error::Error>> {
//! use kinglet_dataplane::DataplaneSettings;
//! use kinglet_dataplane_agent::{Kernel, Outputs, ServicesAgent, Sources};
//! use tokio_util::sync::CancellationToken;
//!
//! let agent = ServicesAgent {
//!     // In a thread that is in the node's network namespace.
//!     kernel: Kernel::open()?,
//!     settings: DataplaneSettings {
//!         node: "node-1".into(),
//!         cluster_cidrs: vec!["10.42.0.0/16".parse()?],
//!         ..DataplaneSettings::default()
//!     },
//!     sources: Sources::of(&reflectors),
//!     outputs: Outputs::default(),
//! };
//! let stop = CancellationToken::new();
//! agent.run(|| tracing::info!("Services are served"), stop).await?;
//! # Ok(())
//! # }
//! ```
//!
//! In: watched objects, the node's part of load balancers, the [`Kernel`] of the node's network namespace.
//! Out: the table [`kinglet_dataplane::TABLE`], deleted entries of connection tracking, health checks,
//! [`Metrics`].
//!
//! Invariant: rules stay when the agent ends or cannot lookup the API.

mod agent;
mod cleaner;
mod conntrack_limits;
mod error;
mod health_checks;
mod kernel;
mod metrics;
mod outputs;
mod reconciler;
mod route_localnet;
mod shares;
mod sources;

pub use agent::ServicesAgent;
pub use conntrack_limits::ConntrackLimits;
pub use error::AgentError;
pub use health_checks::serve_health;
pub use kernel::Kernel;
pub use metrics::Metrics;
pub use outputs::{Outputs, Served};
pub use route_localnet::RouteLocalnet;
pub use sources::{KINDS, Sources};
