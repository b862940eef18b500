//! Policies to kernel rules on one node, and why a connection is allowed or not.
//!
//! There are two readings of policies. [`Cluster::evaluate`] is the plain one: a packet goes through all
//! policies that select the pods at its ends, as the API documents them; it also tells which rules decide
//! ([`Explanation`], [`Reachability`]). [`Rules`] is what a node enforces: maps from addresses of its pods
//! that policies are about to profiles, a profile being what pods with equal permissions let pass; sets of
//! addresses that profiles share. [`Rules::allow`] interprets it; tests hold the two against each other.
//!
//! ClusterNetworkPolicies are tiers around NetworkPolicies, whose rules are looked at in order. A pod's
//! profile is the rules of the Admin tier; it leads to another one, which pods share: what NetworkPolicies
//! allow where they isolate the pod, else the rules of the Baseline tier.
//!
//! [`Policies`] keeps the rules up to date, change by change, and gives the kernel's batches: a change of a
//! pod touches its own elements in maps and sets, a change of a policy the profiles of the pods that it
//! selects.
//!
//! A packet that meets a change half-way must not slip through: see [`Policies::additions`],
//! [`Policies::sweep`] and [`Policies::guard`].
//!
//! In: Pods, Namespaces, Nodes, NetworkPolicies and ClusterNetworkPolicies of [`kinglet_model`],
//! [`Settings`]. Out: one table, [`TABLE`], and while that is replaced another, [`GUARD`].
//!
//! Invariant: no I/O, no clock and no chance: the same objects give the same rules, in whatever order they
//! came. What is wrong with a policy is a [`Problem`], allows nothing, and touches no other policy.

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
pub use explain::{Explanation, Miss, Reachability, Remedy, Way};
pub use lower::{GUARD, TABLE};
pub use packet::{Packet, Path, State, Transport};
pub use policies::Policies;
pub use problem::Problem;
pub use rules::{Rules, Size};
pub use settings::{Deny, Settings};
