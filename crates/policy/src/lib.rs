//! Policies to kernel rules on one node, and why a connection is allowed or not.
//!
//! Policies are read in two ways. [`Cluster::evaluate`] follows the documentation of the API: it takes a
//! packet through all policies that select the pods at its ends, and reports which rules decide
//! ([`Explanation`], [`Answer`], [`Reachability`]). [`Rules`] is what a node enforces:
//!
//! ```text
//! packet → map in4 / eg4, by the pod's address → chain of a profile → sets of peers → accept or deny
//! ```
//!
//! A profile is what pods with equal permissions allow in one direction; such pods share its chain, and
//! profiles share sets. [`Rules::allow`] interprets the rules as the kernel does. Tests compare both
//! readings.
//!
//! ClusterNetworkPolicies form a tier before and a tier after NetworkPolicies; the first rule of a tier that
//! matches decides. A pod in the Admin tier gets a profile with the rules of that tier, which leads to a
//! second profile: what NetworkPolicies allow where they isolate the pod, else the rules of the Baseline
//! tier.
//!
//! The profile of a pod that many policies select is a list of parts, each with some of the policies.
//!
//! [`Policies`] updates the rules with each change of an object and makes batches for the kernel. A change of
//! a pod changes its elements of maps and sets; a change of a policy changes the profiles of the pods that it
//! selects, of each the part that the policy is in. Those pods take turns, so that no batch is very large.
//!
//! A packet that the kernel handles while a batch is committed must not pass by mistake: see
//! [`Policies::additions`], [`Policies::sweep`] and [`Policies::guard`].
//!
//! In: Pods, Namespaces, Nodes, NetworkPolicies and ClusterNetworkPolicies of [`kinglet_model`],
//! [`PolicySettings`]. Out: one table, [`TABLE`], and while that is replaced another, [`GUARD`].
//!
//! Invariant: no I/O, no clock and no random numbers: the same objects give the same rules, in whatever order
//! they came. A part of a policy that is not valid becomes a [`Problem`], allows nothing and changes nothing
//! for other policies.

mod checked;
mod cluster;
mod compile;
mod denial;
mod effect;
mod engine;
mod evaluate;
mod explain;
mod intervals;
mod labels;
mod lower;
mod packet;
mod pod_peer;
mod policies;
mod ports;
mod problem;
mod ranges;
mod rules;
mod settings;

pub use checked::{Action, Direction, Tier};
pub use cluster::Cluster;
pub use denial::Denial;
pub use effect::Effect;
pub use evaluate::{Decision, Evaluation, Exemption, RuleName, Side};
pub use explain::{
    Answer, Endpoint, Explanation, Miss, PodNetworks, Question, Reachability, Remedy, RemedyKind, Verdict,
};
pub use lower::{GUARD, TABLE};
pub use packet::{ConnectionState, Packet, Path, Transport};
pub use policies::Policies;
pub use problem::Problem;
pub use rules::{Rules, Size};
pub use settings::{Deny, PolicySettings};
