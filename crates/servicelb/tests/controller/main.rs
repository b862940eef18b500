//! The controller at work on an API server, the embedded one in process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cluster;
mod native;
