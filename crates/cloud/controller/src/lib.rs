//! The cloud controller manager of a cluster without a cloud. This is the shell around
//! [`kinglet_cloud_rules`].
//!
//! The [`agent`] of every node writes addresses and names as annotations of its Node. [`CloudController`]
//! runs wherever Kinglet runs beside an API server; of all of them the one that holds the Lease turns
//! annotations into `status.addresses`, gives new Nodes their provider ID and labels, and removes the taint
//! with which kubelets keep Pods away until that is done.
//!
//! In: Nodes. Out: patches of Nodes, Events, [`Metrics`].
//!
//! Invariant: an ordinary client of the Kubernetes API. Never touches a Node that another cloud provider
//! manages.

pub mod agent;
mod controller;
mod metrics;

pub use controller::{CloudController, CloudSettings, CloudState, KINDS};
pub use metrics::Metrics;
