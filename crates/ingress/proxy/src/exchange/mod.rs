//! One request and its response.
//!
//! [`context`] is what a connection and a request know; everything else stands on it. [`request`] leads a
//! request from its check (`target`) over its route to a server; [`response`] is the body that the client
//! gets, [`reply`] what the proxy answers itself, [`upgrade`] what follows a change of the protocol.

mod context;
mod reply;
mod request;
mod response;
mod target;
mod upgrade;

pub(crate) use self::context::{Client, WorkerContext};
pub(crate) use self::request::handle;
