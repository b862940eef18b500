//! What the ingress proxy is told to do: routers, services, certificates, and the route table compiled from
//! them.
//!
//! In: a [`Configuration`], which providers make from the objects of the cluster. Out: a [`RouteTable`],
//! which answers "which router takes this host and path" without allocating, and the plain values
//! ([`Service`], [`Certificate`]) that the proxy works with.
//!
//! - [`router`]: what a router matches and where it sends, in the intermediate form that every provider
//!   produces.
//! - [`table`]: the compiled, immutable look-up structure and the order of precedence.
//! - [`host`] and [`path`]: the canonical form in which hosts and paths are compared.
//! - [`service`]: where requests go. [`certificate`]: what TLS listeners present.
//!
//! Invariant: no I/O, no clock, no runtime, no cryptography: a configuration is data, and certificates are
//! text. The same configuration always gives the same table.

pub mod certificate;
pub mod configuration;
pub mod host;
pub mod path;
pub mod router;
pub mod service;
pub mod table;

pub use certificate::Certificate;
pub use configuration::Configuration;
pub use router::{HostError, HostMatcher, PathError, PathMatcher, Router};
pub use service::{Scheme, Server, ServerHost, Service};
pub use table::RouteTable;
