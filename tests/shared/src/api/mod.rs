//! The embedded API server in the process, and what tests do to it.

mod client;
mod gate;
mod server;
mod writes;

pub use client::{Api, MERGE_PATCH};
pub use gate::Gate;
pub use server::Server;
pub use writes::Writes;
