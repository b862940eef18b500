//! The cloud controller manager of a cluster without a cloud: it tells the cluster what its Nodes' agents say
//! of them.
//!
//! [`agent`] runs on every node and writes addresses and names as annotations of its Node.
//! [`CloudController`] runs wherever Kinglet runs beside an API server; of all of them the one that holds the
//! Lease turns annotations into `status.addresses`, gives new Nodes their provider ID and labels, and removes
//! the taint with which kubelets keep Pods away until that is done.
//!
//! In: Nodes. Out: patches of Nodes, and Events. The rules are a pure function from a Node to the wanted
//! writes ([`rules`]); the shell ([`controller`]) watches, elects a leader, writes and retries.
//!
//! Invariant: an ordinary client of the Kubernetes API. Never touches a Node that another cloud provider
//! manages.

pub mod agent;
mod controller;
mod keys;
mod metrics;
mod rules;

pub use controller::{CloudController, PERMISSIONS, Settings, State};
pub use metrics::Metrics;
