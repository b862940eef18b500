//! The addresses of a machine.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::error::Error;
use crate::netlink::{Attributes, Header, Malformed, Message, Socket, flag};

/// `RTM_GETADDR`, and the kind of its answers, `RTM_NEWADDR`.
const GET: u16 = 22;
const NEW: u16 = 20;
/// Octets of `struct ifaddrmsg`, which precedes the attributes of an answer.
const IFADDRMSG: usize = 8;
/// `IFA_ADDRESS`, and `IFA_LOCAL`: of an interface with a peer the former is the peer's.
const ADDRESS: u16 = 1;
const LOCAL: u16 = 2;
/// Attempts to get a list whose dump is interrupted each time.
const ATTEMPTS: usize = 20;

/// A netlink socket that lists the addresses of the interfaces of a network namespace.
#[derive(Debug)]
pub struct Addresses {
    socket: Socket,
}

impl Addresses {
    /// Connects to the network namespace of the calling thread, in which the connection stays when it moves
    /// to another thread.
    ///
    /// # Errors
    /// The socket cannot be opened.
    pub fn open() -> Result<Self, Error> {
        let socket = Socket::of_routing().map_err(|error| Error::socket("open", error))?;
        Ok(Self { socket })
    }

    /// The addresses of all interfaces, as they are now.
    ///
    /// # Errors
    /// The kernel refuses to list, or its answer is malformed.
    pub fn all(&mut self) -> Result<BTreeSet<IpAddr>, Error> {
        for _ in 1..ATTEMPTS {
            match self.once() {
                Err(Error::Interrupted) => {}
                done => return done,
            }
        }
        self.once()
    }

    fn once(&mut self) -> Result<BTreeSet<IpAddr>, Error> {
        // AF_UNSPEC, the default, means all families.
        let head = Header {
            kind: GET,
            flags: flag::REQUEST | flag::DUMP,
            ..Header::default()
        };
        let mut addresses = BTreeSet::new();
        self.socket.request(
            "list addresses",
            head,
            |_| {},
            |message| {
                addresses.extend(address(message)?);
                Ok(())
            },
        )?;
        Ok(addresses)
    }
}

/// The address that a message tells of, if it is about one.
pub(crate) fn address(message: &Message<'_>) -> Result<Option<IpAddr>, Malformed> {
    if message.kind != NEW {
        return Ok(None);
    }
    let (mut address, mut local) = (None, None);
    for attribute in Attributes::new(message.payload.get(IFADDRMSG..).unwrap_or_default()) {
        let attribute = attribute?;
        match attribute.kind {
            ADDRESS => address = ip(attribute.payload),
            LOCAL => local = ip(attribute.payload),
            _ => {}
        }
    }
    Ok(local.or(address))
}

fn ip(octets: &[u8]) -> Option<IpAddr> {
    let v4 = || <[u8; 4]>::try_from(octets).ok().map(IpAddr::from);
    v4().or_else(|| <[u8; 16]>::try_from(octets).ok().map(IpAddr::from))
}
