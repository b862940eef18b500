//! Objects of the cluster to the proxy's configuration.
//!
//! In: a [`ClusterView`], the watched objects at one moment. Out: [`Compiled`]: a
//! [`Configuration`](kinglet_ingress_routes::Configuration) for the proxy and the [`Problem`]s of single
//! Ingresses, each with the object, the field and a message for its author. A problem never affects another
//! object.
//!
//! - `classes`: which Ingresses are ours.
//! - `rules`: Ingress rules to routers. `backends`: Service ports to servers. `secrets`: TLS Secrets to
//!   certificates.
//! - `annotations`: what Traefik's annotations ask for.
//! - [`status`]: the addresses that an Ingress should publish.
//!
//! Invariant: no I/O, no clock, no client, no cryptography: whether a certificate can be used is told
//! afterwards ([`Compiled::reject_certificate`]). The same view gives the same result in whatever order its
//! objects arrived, and what did not change between two compilations is the same allocation in both results.

mod annotations;
mod backends;
mod classes;
mod compiled;
mod compiler;
mod problem;
mod rules;
mod secrets;
pub mod status;
mod view;

pub use compiled::Compiled;
pub use compiler::{Compiler, Options};
pub use problem::{Problem, Reason};
pub use view::{ClusterView, Objects};
