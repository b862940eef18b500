//! The HTTP reverse proxy: listeners, TLS by SNI, routing, and streaming between clients and servers.
//!
//! In: [`ProxySettings`], read once, and a stream of [`ProxySnapshot`]s, each built from a
//! [`Configuration`](kinglet_ingress_routes::Configuration) and published in an `ArcSwap`. Out: responses to
//! clients, and [`Metrics`].
//!
//! The way of a request: a worker thread accepts the connection ([`proxy`], `worker`), detects its protocol
//! and validates the framing of what arrives (`connection`, [`framing`]), and hands each request to
//! `exchange`. That checks the request, routes it by the current snapshot ([`snapshot`]), rewrites its
//! headers (`headers`, `forwarded`), sends it over a pooled connection (`upstream`), and streams the response
//! back. Upgrades become tunnels.
//!
//! Every worker is one thread with its own runtime, listening sockets, connection pool and counters. The only
//! things that workers share are the snapshot, which is read without locks, and the positions of the
//! balancers. A request belongs to the snapshot it started with, so publishing another never touches requests
//! on their way.
//!
//! Invariant: knows no Kubernetes object and no client of its API; names no TLS provider but takes one.

mod activity;
mod balancer;
mod connection;
mod entry_point;
mod exchange;
mod executor;
mod forwarded;
pub mod framing;
mod headers;
mod metrics;
pub mod proxy;
mod rewind;
pub mod settings;
pub mod snapshot;
mod upstream;
mod validated;
mod worker;

pub use entry_point::{EntryPoint, EntryPointId, EntryPoints, WEB, WEBSECURE};
pub use metrics::Metrics;
pub use proxy::{BindError, Proxy, ServeError};
pub use settings::ProxySettings;
pub use snapshot::{ProxySnapshot, SharedSnapshot};
