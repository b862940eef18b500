//! Everything of Kinglet that talks to a Kubernetes API.
//!
//! [`connect`] makes a client of a cluster, [`in_process`] one of the embedded API server; from there on
//! there is no difference. Components take the [`Reflectors`] of the process, which decode each kind once,
//! and read the changes of all their kinds from [`Inputs`]. What writes objects is a [`Reconciler`] that
//! [`control`] runs; Events go through a [`Recorder`], other writes through [`status`] and [`apply`].
//!
//! What must run once in a cluster [`lead`]s; what depends on permissions waits for them ([`access`]). Code
//! that works on kinds it does not know [`discover`]s them, follows their metadata ([`follow_metadata`]) and
//! writes through [`Collection`]s.
//!
//! Invariant: the only crate that names the kube crates; it knows no service.

pub mod access;
pub mod apply;
mod backoff;
mod client;
mod collection;
mod controller;
mod controllers;
mod discovery;
mod events;
mod feed;
mod follower;
mod inputs;
mod lease;
mod list;
pub mod metrics;
mod pulse;
mod queue;
mod reflector;
mod reflectors;
mod resource;
pub mod status;
mod watch;
mod write;

pub use backoff::Backoff;
pub use client::{ConnectError, Liveness, connect, connect_with, in_process, server_of};
pub use collection::{Collection, Deletion, Propagation, RequestError};
pub use controller::{Failure, Next, Reconciler, Source, control};
pub use controllers::Controllers;
pub use discovery::{discover, served};
pub use events::{ObjectReference, Recorder, Report, Severity};
pub use feed::Feed;
pub use follower::follow_metadata;
pub use inputs::Inputs;
/// The client that every component uses.
pub use kube::Client;
pub use lease::{Election, lead};
pub(crate) use queue::Queue;
pub use reflector::{Change, Reflector};
pub use reflectors::{Kind, Reflectors};
pub use resource::Resource;
