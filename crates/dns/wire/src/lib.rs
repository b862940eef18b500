//! DNS messages in wire format (RFC 1035, RFC 6891), as far as a server needs them, without I/O.
//!
//! In: octets from clients and upstream servers. Out: a [`Request`] with its question ([`QueryName`]) and
//! [`Edns`] options, a [`Response`] that is written section by section from [`Records`], and an
//! [`UpstreamReply`] that is checked against its query and cut to what the client takes.
//!
//! Messages are read and written in place: reading a query allocates nothing, and a reply reuses its buffer.
//!
//! Invariant: knows no zone, no socket, no clock and no runtime; no octets make it panic.

mod edns;
mod message;
mod name;
mod record;
mod reply;
mod request;
mod response;

pub use edns::Edns;
pub use message::{HEADER, MAX_MESSAGE, MIN_UDP, Rcode, flag, set_u16};
pub use name::{Name, NameError, QueryName, push_label};
pub use record::{Owner, Records, rtype, type_of};
pub use reply::{UpstreamError, UpstreamReply};
pub use request::{Rejection, Request};
pub use response::{Response, header_only};
