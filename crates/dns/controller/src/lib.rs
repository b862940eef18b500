//! Follows the cluster and publishes what its zones answer, and where: the shell around `kinglet-dns-zone`.
//!
//! In: Namespaces, Services and EndpointSlices ([`KINDS`]) from the process' reflectors. Out: a
//! [`Snapshot`](kinglet_dns_zone::Snapshot) in an `ArcSwap`, replaced after every burst of changes, and an
//! open [`Gate`](kinglet_telemetry::Gate) once everything that existed at the start is in it. [`publish()`]
//! makes the server an endpoint of the cluster DNS.
//!
//! Invariant: answers no query and opens no socket; the DNS server needs it no more than any other reader of
//! the snapshot.

mod controller;
mod publish;

pub use controller::{DnsController, KINDS};
pub use publish::{PUBLISH_KINDS, PublishSettings, publish};
