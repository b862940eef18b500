//! The crate against the kernel, and its text against that of the `nft` program. Each test has a network
//! namespace of its own; root is needed.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "helpers of tests fail by panicking"
)]

mod addresses;
mod affinity;
mod batches;
mod compare;
mod connections;
mod differences;
mod failures;
mod harness;
mod lists;
mod logged;
mod ownership;
mod rules;
mod service;
mod sets;
mod statements;
mod sys;
mod traffic;
