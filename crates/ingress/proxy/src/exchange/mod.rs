//! One request and its response.
//!
//! - [`context`]: what a connection and each of its requests know; everything else stands on it.
//! - [`target`]: what a request asks for, checked. [`request`]: its way through routing to a server.
//! - [`response`]: the body that the client gets. [`reply`]: responses of the proxy itself.
//! - [`upgrade`]: the tunnel after `101 Switching Protocols`.

mod context;
mod reply;
mod request;
mod response;
mod target;
mod upgrade;

pub(crate) use self::context::{Client, WorkerContext};
pub(crate) use self::request::handle;
