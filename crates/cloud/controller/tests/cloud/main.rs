//! The cloud controller manager at work: on the embedded API server in process, and with the nodes of a lab.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod access;
mod agents;
mod cluster;
mod election;
mod lab;
mod nodes;
