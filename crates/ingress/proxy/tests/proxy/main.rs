//! The proxy over real sockets on the loopback interface.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod forwarding;
mod lifecycle;
mod malformed;
mod streaming;
mod support;
mod tls;
mod upgrades;
