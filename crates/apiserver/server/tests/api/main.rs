//! The API server as its clients see it, without sockets but for the test of the listener.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod custom;
mod disk;
mod durability;
mod harness;
mod http;
mod kubelet;
mod listener;
mod lists;
mod services;
mod stored;
mod verbs;
mod watches;
