//! Single requests and lists.

use super::Connection;
use crate::batch::SUBSYSTEM;
use crate::error::Error;
use crate::netlink::{Header, Message, Writer, flag};

/// `NFT_MSG_GETGEN`
const GET_GENERATION: u16 = 16;

impl Connection {
    /// The generation of the rules of this network namespace. Each batch that anybody commits makes a new
    /// one.
    pub fn generation(&mut self) -> Result<u32, Error> {
        let mut generation = None;
        self.request(
            "get the generation of the rules",
            GET_GENERATION,
            0,
            0,
            |_| {},
            |message| {
                for attribute in message.attributes() {
                    let attribute = attribute?;
                    // `NFTA_GEN_ID`
                    if attribute.kind == 1 {
                        generation = Some(attribute.u32()?);
                    }
                }
                Ok(())
            },
        )?;
        generation.ok_or(Error::NoAnswer)
    }

    /// Sends a request and hands all answers to `take`.
    pub(super) fn request(
        &mut self,
        what: &'static str,
        message: u16,
        flags: u16,
        family: u8,
        fill: impl Fn(&mut Writer),
        take: impl FnMut(&Message<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        let head = Header {
            kind: SUBSYSTEM << 8 | message,
            flags: flag::REQUEST | flags,
            family,
            ..Header::default()
        };
        self.socket.request(what, head, fill, take)
    }
}
