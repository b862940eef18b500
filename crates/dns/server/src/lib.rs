//! DNS over UDP and TCP from a zone snapshot.
//!
//! In: queries, the current [`Snapshot`](kinglet_dns_zone::Snapshot) in an `ArcSwap`, [`DnsServerSettings`].
//! Out: replies, and metrics under CoreDNS' names. Three parts answer queries:
//!
//! - `udp`: worker threads receive batches, answer from the snapshot (`answer`), and send batches. No lock,
//!   no allocation, no task.
//! - `tcp`: a task per connection, which calls the same `answer`.
//! - `resolve`: what the snapshot cannot answer (other names, ExternalName targets) becomes a task that asks
//!   upstreams (`forward`).
//!
//! `kinglet-dns-wire` reads and writes messages in place; what comes from outside is checked there and
//! nowhere else.
//!
//! Invariant: knows no Kubernetes client and no object; it never asks itself, and nothing that a client or an
//! upstream sends stops it.

mod answer;
mod bind;
mod forward;
#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod metrics;
mod resolve;
mod server;
mod settings;
mod tcp;
mod udp;

pub use bind::BindError;
pub use server::DnsServer;
pub use settings::{DnsServerSettings, ForwardSettings, TcpSettings, Upstreams};
