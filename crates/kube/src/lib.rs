//! Everything of Kinglet that talks to a Kubernetes API.
//!
//! [`connect`] makes a client of a cluster, [`in_process`] one of the embedded API server; from there on there is no difference. Components
//! watch through [`Reflector`]s, each kind decoded once per process and shared, and write through [`Recorder`] (Events), [`status`] and
//! [`apply`].
//!
//! Invariant: the only crate that names the kube crates; it knows no service.

pub mod apply;
mod backoff;
mod client;
mod events;
mod list;
mod reflector;
pub mod status;
mod watch;

pub use client::{ConnectError, connect, in_process};
pub use events::{ObjectReference, Recorder, Report, Severity};
/// The client that every component uses.
pub use kube::Client;
pub use reflector::{Delta, Reflector};
