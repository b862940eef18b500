//! The rules in a kernel, with real connections. Each test has network namespaces of its own; root is needed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail by panicking"
)]

mod agent;
mod changes;
mod conversations;
#[path = "../../../rules/tests/incremental/events.rs"]
mod events;
mod flow;
#[path = "../../../../nft/tests/support/listing.rs"]
mod listing;
mod localhost;
mod objects;
mod paths;
mod policies;
mod restart;
mod sctp;
mod sequences;
mod servers;
mod world;
