//! What tests of several crates share. A development dependency only: nothing of it gets into the binary.
//!
//! - [`api`] (feature `api`): the embedded API server in the process, a client with which a test reads and
//!   writes objects and waits for them, and a [`Gate`](api::Gate) that makes the server unreachable.
//! - [`ScriptedApi`] (feature `scripted`): an API that lists and sends what a test says, and keeps what is
//!   written.
//! - [`netns`] (feature `netns`): network namespaces with veths between them.
//! - [`mod@eventually`]: conditions with a deadline, instead of sleeps.
//! - [`skip`]: whether a test that cannot run fails.
//!
//! Invariant: knows no service. Everything fails by panicking, as tests do.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stderr,
    reason = "a test fails by panicking"
)]

#[cfg(feature = "api")]
pub mod api;
mod eventually;
#[cfg(feature = "netns")]
pub mod netns;
#[cfg(feature = "scripted")]
mod scripted;
pub mod skip;

pub use eventually::{eventually, patience, until};
#[cfg(feature = "scripted")]
pub use scripted::ScriptedApi;
