//! The controller at work on an API server, the embedded one in process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod agent;
mod cluster;
mod daemonset;
mod native;
mod permissions;
