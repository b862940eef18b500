//! Tests of the `kinglet` binary as its users run it: its command line, kubectl, DNS and HTTP over sockets,
//! restarts.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

mod command_line;
mod demo;
mod dns;
mod durability;
mod explain;
mod hello;
mod ingress;
mod kubectl;
mod kubelet;
mod lab;
mod netpol;
mod pod;
mod python;
mod server;
mod servers;
mod servicelb;
mod tools;
mod transcript;
mod watches;
