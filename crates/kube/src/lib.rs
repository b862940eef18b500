//! Everything of Kinglet that talks to a Kubernetes API.
//!
//! [`connect`] makes a client of a cluster, [`in_process`] one of the embedded API server; from there on
//! there is no difference. Components watch through [`Reflector`]s, each kind decoded once per process and
//! shared, and write through [`Recorder`] (Events), [`status`] and [`apply`]. What must run once in a cluster
//! [`lead`]s; what depends on permissions waits for them ([`access`]). Code that works on kinds it does not
//! know [`discover`]s them, follows their metadata ([`follow_metadata`]) and writes through [`Collection`]s.
//!
//! Invariant: the only crate that names the kube crates; it knows no service.

pub mod access;
pub mod apply;
mod backoff;
mod client;
mod collection;
mod discovery;
mod events;
mod feed;
mod lease;
mod list;
mod queue;
mod reflector;
mod resource;
pub mod status;
mod watch;
mod write;

pub use backoff::Backoff;
pub use client::{ConnectError, connect, in_process};
pub use collection::{Collection, Deletion, Propagation, RequestError};
pub use discovery::{discover, is_served};
pub use events::{ObjectReference, Recorder, Report, Severity};
pub use feed::{Feed, follow_metadata};
/// The client that every component uses.
pub use kube::Client;
pub use lease::{Election, lead};
pub use queue::Queue;
pub use reflector::{Delta, Reflector};
pub use resource::Resource;
