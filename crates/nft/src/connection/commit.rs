//! Sends batches, and finds the operation to which an error belongs.

use std::io;

use super::Connection;
use crate::batch::{Batch, Queued, Transmission, list_attribute};
use crate::error::{Error, Failure, Rejection};
use crate::netlink::{Ack, Attributes, FAMILY_HEADER, HEADER, Messages, decode_ack, kind};

/// What the kernel answered to a batch.
#[derive(Default)]
struct Answers {
    failures: Vec<Failure>,
    truncated: bool,
    acknowledged: bool,
}

impl Connection {
    pub(super) fn transmit(&mut self, batch: &Batch, apply: bool) -> Result<(), Error> {
        batch.check()?;
        if batch.is_empty() {
            // A batch without operations has nothing that could be acknowledged.
            return Ok(());
        }
        // Answers to an earlier batch that failed half-way must not fill the queue.
        self.socket.drain();
        let first = self.socket.sequence(batch.sequences());
        let transmission = batch.transmission(first, apply);
        // Returns when the kernel has applied or refused the batch.
        let sent = self.socket.send(&transmission.bytes);
        sent.map_err(|error| Error::socket("send", error))?;
        let answers = self.answers(batch, &transmission)?;
        if !answers.failures.is_empty() || answers.truncated {
            let Answers {
                mut failures,
                truncated,
                ..
            } = answers;
            // An error of the batch as a whole comes first: it explains the others.
            failures.sort_by_key(|failure| failure.index);
            return Err(Error::Rejected(Rejection { failures, truncated }));
        }
        // Neither an error nor an acknowledgement: nobody knows whether the batch was applied.
        if answers.acknowledged {
            Ok(())
        } else {
            Err(Error::NoAnswer)
        }
    }

    /// Collects what the kernel answered while it took the batch.
    fn answers(&mut self, batch: &Batch, transmission: &Transmission) -> Result<Answers, Error> {
        let mut answers = Answers::default();
        loop {
            match self.socket.receive() {
                Ok(None) => return Ok(answers),
                Ok(Some(datagram)) => answers.take(datagram, batch, transmission)?,
                // More errors than the queue holds. Only a batch that is refused has that many answers.
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => answers.truncated = true,
                // More errors than the buffer holds.
                Err(error) if error.kind() == io::ErrorKind::InvalidData => answers.truncated = true,
                Err(error) => return Err(Error::socket("receive", error)),
            }
        }
    }
}

impl Answers {
    fn take(&mut self, datagram: &[u8], batch: &Batch, transmission: &Transmission) -> Result<(), Error> {
        for message in Messages::new(datagram) {
            let message = message?;
            // Numbers wrap around after 2^32 messages.
            let index = message.sequence.wrapping_sub(transmission.first);
            if index >= batch.sequences() || message.kind != kind::ERROR {
                continue;
            }
            let ack = decode_ack(&message)?;
            if ack.errno == 0 {
                self.acknowledged = true;
            } else {
                self.failures.push(failure(ack, index, batch, transmission));
            }
        }
        Ok(())
    }
}

/// The failure of the message with this number; number 0 is the beginning of the batch.
fn failure(ack: Ack, number: u32, batch: &Batch, transmission: &Transmission) -> Failure {
    let index = number
        .checked_sub(1)
        .and_then(|index| usize::try_from(index).ok());
    let queued = index.and_then(|index| batch.queued.get(index));
    Failure {
        index: queued.and(index),
        operation: queued.map(|queued| queued.operation.clone()),
        element: queued.and_then(|queued| element(queued, ack.offset?, transmission)),
        errno: ack.errno,
        text: ack.text,
        offset: ack.offset,
    }
}

/// Which of the caller's elements starts at (or contains) an offset into the message.
fn element(queued: &Queued, offset: usize, transmission: &Transmission) -> Option<usize> {
    let start = transmission.operations_at + queued.start;
    let head = HEADER + FAMILY_HEADER;
    let attributes = transmission.bytes.get(start + head..)?;
    let list = Attributes::new(attributes)
        .map_while(Result::ok)
        .find(|attribute| attribute.kind == list_attribute::ELEMENTS)?;
    // The kernel counts from the header of the message, the parser from the first attribute of the list.
    let list_at = head + list.offset + 4;
    let offset = offset.checked_sub(list_at)?;
    let before = list
        .nested()
        .map_while(Result::ok)
        .take_while(|element| element.offset <= offset);
    let position = before.count().checked_sub(1)?;
    let index = queued.elements.get(position)?;
    usize::try_from(*index).ok()
}
