//! Services to kernel rules on one node: what a kube-proxy does, over nftables.
//!
//! [`Services`] is the pure core: Services, EndpointSlices and the own Node go in, nftables batches come out.
//! A change of one Service touches its own elements and chains only. The crate
//! `kinglet-dataplane-agent` is the shell that follows the API and commits the batches.
//!
//! How a connection goes. In `prerouting` (and `output`, for processes of the node) its destination is looked
//! up in verdict maps: addresses of Services (`vips`), then ports of the node (`node-ports`). The verdict
//! leads to a chain that translates straight to an endpoint, which it finds in a map (`backends`) under the
//! destination and a number at random; or rejects; or drops. `postrouting` masquerades what would not find
//! its way back: pods that reach themselves, and clients from outside whose endpoint is on another node. All
//! of this happens once per connection, in chains of type nat.
//!
//! In: objects of [`kinglet_model`], [`Settings`]. Out: one owned table, [`TABLE`].
//!
//! Invariant: no I/O, no clock and no chance: the same objects give the same rules, in whatever
//! order they came. A bad object is a [`Problem`] and touches no other Service.

mod backend;
mod desired;
mod endpoints;
mod flows;
mod frame;
mod health;
mod identity;
mod plan;
mod present;
mod problem;
mod program;
mod services;
mod settings;

pub use flows::Stale;
pub use frame::TABLE;
pub use health::{Health, HealthChecks};
pub use present::Present;
pub use problem::Problem;
pub use services::{Services, table};
pub use settings::{Kinds, Settings, Share, Shares};
