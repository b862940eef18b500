//! The lab with real packets: every test has a lab of its own, as root.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod labs;
mod lifecycle;
mod nodes;
mod outside;
mod pods;
mod programs;
mod services;
mod support;
