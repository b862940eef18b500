//! Cluster objects to DNS answers, without I/O.
//!
//! In: Services, EndpointSlices and Namespaces, one change at a time ([`ZoneBuilder`]). Out: immutable
//! [`Snapshot`]s that answer questions ([`Snapshot::lookup`]) with records in wire format. The zones are the
//! cluster domain (Kubernetes DNS schema 1.1.0 as CoreDNS' `kubernetes` plugin serves it), `in-addr.arpa` and
//! `ip6.arpa`.
//!
//! A question is lower-cased once, on the stack. What clients ask most, the addresses of a Service's name, is
//! stored as records whose owner is a compression pointer to the question. The server copies them behind the
//! question, and the client's spelling is kept. Everything else is assembled when it is asked.
//!
//! Invariant: knows no socket, no clock, no client and no runtime; the same objects give the same answers in
//! whatever order they came.

mod builder;
mod cluster;
mod lookup;
mod snapshot;
mod soa;
mod table;

pub use builder::{ZoneBuilder, ZoneSettings};
pub use lookup::{Answer, Chase, Lookup};
pub use snapshot::Snapshot;
pub use soa::Soa;
