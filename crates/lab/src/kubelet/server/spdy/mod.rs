//! SPDY/3.1, as far as Kubernetes speaks it: clients open streams, both sides write to them. There is no flow
//! control, because its clients have none: they never send WINDOW_UPDATE, so nobody may wait for one.

mod command;
mod dictionary;
mod frame;
mod headers;
mod session;

pub(super) use self::command::carry;
pub(super) use self::session::{Session, Stream};
