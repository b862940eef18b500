//! Services to kernel rules on one node: what a kube-proxy does, over nftables.
//!
//! [`Services`] is the pure core: Services, EndpointSlices and the own Node go in, nftables batches come out.
//! A change of one Service touches its own elements and chains only. The crate
//! `kinglet-dataplane-agent` is the shell that follows the API and commits the batches.
//!
//! The first packet of a connection goes through chains of type nat. In `prerouting` (in `output`, if a
//! process of the node sends it) its destination is looked up in verdict maps: addresses of Services
//! (`vips`), then ports of the node (`node-ports`). The verdict leads to a chain that translates it to an
//! endpoint, which a map (`backends`) has under the destination and a random number; or it rejects or drops
//! the packet. `postrouting` masquerades clients whose answers would not come back through this node: pods
//! that reach themselves, and external clients whose endpoint is on another node. Later packets follow the
//! conntrack entry, and meet none of these rules.
//!
//! In: objects of [`kinglet_model`], [`DataplaneSettings`]. Out: one owned table, [`TABLE`].
//!
//! Invariant: no I/O, no clock and no chance: the same objects give the same rules, in whatever
//! order they came. A bad object is a [`Problem`] and touches no other Service.

mod backend;
mod desired;
mod elsewhere;
mod endpoints;
mod existing;
mod flows;
mod health;
mod identity;
mod lower;
mod own_pods;
mod plan;
mod problem;
mod services;
mod settings;
mod table;

pub use existing::ExistingTable;
pub use flows::Stale;
pub use health::{Health, HealthChecks};
pub use problem::Problem;
pub use services::Services;
pub use settings::{AddressKinds, DataplaneSettings, Share, Shares};
pub use table::{TABLE, table};
