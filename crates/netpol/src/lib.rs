//! NetworkPolicies in the kernel of one node: the shell around [`kinglet_policy`].
//!
//! A [`PolicyAgent`] runs four tasks. The *enforcer* owns the rules in the kernel and answers the others. The
//! *reconciler* follows Pods, Namespaces, NetworkPolicies, ClusterNetworkPolicies and Nodes, and has the
//! enforcer commit what the core makes of them; it also sees to what enforcement depends on: nobody else
//! changes the table, and bridges show their packets to it. The *connection revoker* marks connections that a
//! commit has forbidden. The *denial reporter* reports denied packets and counts them.
//!
//! ```text
//!   API ──> Inputs ─────────┐              ┌──> rules (nftables)
//!   CNI ──> PodAdmission ───┼> Reconciler ─┤
//!   others' changes ────────┘     │        └──> Events, metrics
//!                                 │ Effect
//!                                 └──────> ConnectionRevoker ──> marks (conntrack)
//!   NFLOG, counters ─────────────────────> DenialReporter ─────> lines, metrics
//! ```
//!
//! In: watched objects, the [`Kernel`] of the node's network namespace, [`kinglet_policy::PolicySettings`].
//! Out: the table [`kinglet_policy::TABLE`], one bit of the marks of tracked connections, Events,
//! [`Metrics`], [`DeniedPackets`].
//!
//! Invariant: a packet that policies forbid does not pass, whatever happens to the agent: rules stay when it
//! ends or cannot reach the API, and every change goes from rules that are complete to rules that are
//! complete.

mod actor;
mod admission;
mod agent;
mod bridge;
mod deadline;
mod denials;
mod enforcement;
mod enforcer;
mod error;
mod events;
mod in_flight;
mod input;
mod kernel;
mod leftovers;
mod metrics;
mod monitor;
mod outputs;
mod reconciler;
mod revoker;
mod sources;
mod starting;
mod sys;

pub use admission::{AdmissionRequests, AgentStopped, PodAdmission};
pub use agent::PolicyAgent;
pub use denials::{DeniedPackets, denial_line};
pub use error::AgentError;
pub use kernel::Kernel;
pub use metrics::Metrics;
pub use outputs::Outputs;
pub use sources::{KINDS, Sources};
pub use starting::StartedPod;
