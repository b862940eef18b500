//! Requests outside batches, and the lists that they may give.

use super::parse::{Message, Messages};
use super::{Header, Socket, Writer, decode_ack, flag, header, kind, patch_length};
use crate::error::Error;

impl Socket {
    /// Sends a request and hands all answers to `take`, up to the acknowledgement or the end of the list.
    pub(crate) fn request(
        &mut self,
        what: &'static str,
        head: Header,
        fill: impl Fn(&mut Writer),
        mut take: impl FnMut(&Message<'_>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        // Answers to a request that was given up must not fill the queue.
        self.drain();
        let dump = head.flags & flag::DUMP == flag::DUMP;
        let sequence = self.sequence(1);
        let bytes = encode(
            Header {
                sequence,
                // A dump ends with NLMSG_DONE, other requests with the acknowledgement.
                flags: if dump { head.flags } else { head.flags | flag::ACK },
                ..head
            },
            fill,
        );
        self.send(&bytes).map_err(|error| Error::socket("send", error))?;
        let mut interrupted = false;
        loop {
            let received = self.receive().map_err(|error| Error::socket("receive", error))?;
            // The kernel makes the next datagram of a dump while it hands out one, so that nothing to receive
            // means that there is no answer, not that it is late.
            let datagram = received.ok_or(Error::NoAnswer)?;
            for message in Messages::new(datagram) {
                let message = message?;
                if message.sequence != sequence {
                    // A late answer to an earlier request.
                    continue;
                }
                // The rules changed between two datagrams of the dump: objects may be missing or be there
                // twice. The rest is received nevertheless, since the socket takes no other dump before.
                interrupted |= dump && message.flags & flag::DUMP_INTERRUPTED != 0;
                if !finished(what, &message)? {
                    take(&message)?;
                } else if interrupted {
                    return Err(Error::Interrupted);
                } else {
                    return Ok(());
                }
            }
        }
    }
}

fn encode(head: Header, fill: impl Fn(&mut Writer)) -> Vec<u8> {
    let mut bytes = Vec::new();
    header(&mut bytes, head);
    let mut writer = Writer::on(bytes);
    fill(&mut writer);
    let mut bytes = writer.finish();
    patch_length(&mut bytes, 0);
    bytes
}

/// Whether the message ends the answer.
fn finished(what: &'static str, message: &Message<'_>) -> Result<bool, Error> {
    match message.kind {
        kind::DONE | kind::ERROR => {
            let errno = decode_ack(message)?.errno;
            if errno == 0 {
                Ok(true)
            } else {
                Err(Error::Refused { what, errno })
            }
        }
        // The kernel lost some of the answer.
        kind::OVERRUN => Err(Error::Interrupted),
        _ => Ok(false),
    }
}
