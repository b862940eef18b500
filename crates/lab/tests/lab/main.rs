//! The lab with real packets: every test has a lab of its own, as root.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod client;
mod labs;
mod lifecycle;
mod nodes;
mod pods;
mod programs;
mod services;
mod support;
