//! Netlink itself: framing, attributes, the socket, and acknowledgements.

mod ack;
mod message;
mod parse;
mod request;
mod socket;
mod sys;
mod writer;

pub(crate) use ack::{Ack, decode_ack};
pub(crate) use message::{Header, flag, header, kind, patch_length};
pub use parse::Malformed;
pub(crate) use parse::{Attribute, Attributes, Message, Messages};
pub(crate) use socket::Socket;
pub(crate) use writer::Writer;

/// Octets of `struct nlmsghdr`.
pub(crate) const HEADER: usize = 16;
/// Octets of `struct nfgenmsg`.
pub(crate) const FAMILY_HEADER: usize = 4;
