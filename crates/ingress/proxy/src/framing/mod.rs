//! Strict validation of the message framing of HTTP/1.1 requests (RFC 9112), in front of the HTTP library.
//!
//! When two parsers on a request's way disagree on where it ends, a client can smuggle a second request past
//! the first (RFC 9112 section 11.2). The HTTP library is lenient where the RFC allows it (it drops
//! `Content-Length` beside `Transfer-Encoding`, merges equal lengths, accepts bare line feeds), and by the
//! time a handler sees a request the evidence is gone. [`Framing`] therefore reads the bytes first, refuses
//! everything that is not framed in exactly one way, and leaves everything else to the library.
//!
//! A refused message is made invalid: the byte at which it turns out malformed becomes NUL, which no part of
//! a head may contain, and nothing after it is passed on. The library then answers 400 in its turn, after the
//! answers to requests before this one, and closes the connection. As a head is complete only with the line
//! feed of its empty line, and violations are found no later than there, the library never sees a malformed
//! head complete.

mod chunk;
mod head;
mod violation;

use memchr::memchr;

use self::head::{Body, Head};
pub use self::violation::Violation;

/// Longest line that is collected across reads, against clients that never end one. The library gives up
/// earlier, with 431 or 414, which says more than the 400 from here.
const MAX_LINE: usize = 128 * 1024;

/// Follows the requests of one connection.
#[derive(Debug, Default)]
pub struct Framing {
    state: State,
    head: Head,
    /// The part of a line that an earlier read brought.
    line: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Head,
    /// So many bytes of a body are left.
    Sized(u64),
    ChunkSize,
    /// So many bytes of a chunk are left.
    ChunkData(u64),
    ChunkEnd,
    Trailers,
    Refused(Violation),
}

impl Framing {
    /// Reads the next bytes of the connection. Only the first so many as the answer says may be passed on;
    /// when a violation is found, the last of them has become NUL.
    pub fn scan(&mut self, bytes: &mut [u8]) -> usize {
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..).filter(|rest| !rest.is_empty()) {
            at += match self.state {
                State::Refused(_) => return at,
                // Bodies are skipped, not searched: their bytes may be anything.
                State::Sized(left) => self.skip(rest.len(), left, State::Sized, State::Head),
                State::ChunkData(left) => self.skip(rest.len(), left, State::ChunkData, State::ChunkEnd),
                State::Head | State::ChunkSize | State::ChunkEnd | State::Trailers => self.read_line(rest),
            };
        }
        at
    }

    /// Whether the beginning of a head, but not its end, has been read.
    pub(crate) fn is_in_head(&self) -> bool {
        self.state == State::Head && (self.head.started || !self.line.is_empty())
    }

    /// Why the connection was refused, if it was.
    pub fn violation(&self) -> Option<Violation> {
        match self.state {
            State::Refused(violation) => Some(violation),
            _ => None,
        }
    }

    /// Skips up to `left` bytes of content.
    fn skip(&mut self, available: usize, left: u64, more: fn(u64) -> State, done: State) -> usize {
        let taken = usize::try_from(left).unwrap_or(usize::MAX).min(available);
        let left = left.saturating_sub(taken as u64);
        self.state = if left == 0 { done } else { more(left) };
        taken
    }

    /// Reads up to the end of the current line and judges it when complete.
    fn read_line(&mut self, bytes: &mut [u8]) -> usize {
        // No line feed: the line goes on in the next read. Its bytes pass already, which is safe because a
        // head is complete only with its last line feed.
        let Some((end, taken)) = memchr(b'\n', bytes).map(|end| (end, end + 1)) else {
            self.line.extend_from_slice(bytes);
            if self.line.len() > MAX_LINE {
                self.refuse(Violation::TooLong, bytes);
            }
            return bytes.len();
        };
        // The buffer is taken out and put back, so that its memory serves the next line that is split.
        let mut line = std::mem::take(&mut self.line);
        let content = bytes.get(..end).unwrap_or_default();
        let verdict = if line.is_empty() {
            // The common case: a line within one read is judged where it is.
            self.judge_line(content)
        } else {
            line.extend_from_slice(content);
            self.judge_line(&line)
        };
        line.clear();
        self.line = line;
        if let Err(violation) = verdict {
            self.refuse(violation, bytes.get_mut(..taken).unwrap_or_default());
        }
        taken
    }

    fn refuse(&mut self, violation: Violation, passed: &mut [u8]) {
        if let Some(last) = passed.last_mut() {
            *last = 0;
        }
        self.state = State::Refused(violation);
    }

    /// Judges a line without its line feed.
    fn judge_line(&mut self, line: &[u8]) -> Result<(), Violation> {
        // RFC 9112 section 2.2 lets a recipient accept a bare line feed; one that does not sees another line.
        let line = line.strip_suffix(b"\r").ok_or(Violation::BareLineFeed)?;
        // A bare CR is a line end for some parsers (RFC 9112 section 2.2); NUL ends strings in others.
        if memchr::memchr2(b'\r', 0, line).is_some() {
            return Err(Violation::ControlCharacter);
        }
        self.state = match self.state {
            State::Head => self.head_line(line)?,
            State::ChunkSize => match chunk::size(line)? {
                0 => State::Trailers,
                size => State::ChunkData(size),
            },
            State::ChunkEnd if line.is_empty() => State::ChunkSize,
            State::ChunkEnd => return Err(Violation::Chunk),
            State::Trailers if line.is_empty() => State::Head,
            State::Trailers => {
                chunk::trailer(line)?;
                State::Trailers
            }
            other => other,
        };
        Ok(())
    }

    fn head_line(&mut self, line: &[u8]) -> Result<State, Violation> {
        match (self.head.started, line.is_empty()) {
            // Empty lines before a request line are ignored: old clients send one after a body (RFC 9112
            // section 2.2).
            (false, true) => Ok(State::Head),
            (false, false) => self.head.request_line(line).map(|()| State::Head),
            (true, false) => self.head.header_line(line).map(|()| State::Head),
            (true, true) => Ok(match std::mem::take(&mut self.head).end()? {
                Body::None => State::Head,
                Body::Sized(length) => State::Sized(length),
                Body::Chunked => State::ChunkSize,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The verdict and the bytes passed on, when the input comes in pieces of the given size.
    fn scan(input: &[u8], piece: usize) -> (Option<Violation>, Vec<u8>) {
        let mut framing = Framing::default();
        let mut passed = Vec::new();
        for part in input.chunks(piece.max(1)) {
            let mut part = part.to_vec();
            let keep = framing.scan(&mut part);
            passed.extend_from_slice(&part[..keep]);
        }
        (framing.violation(), passed)
    }

    #[test]
    fn well_framed_requests_pass_unchanged() {
        for input in [
            "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n\n\r\0GET / HTTP/1.1\r\nHost: a\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: a\r\ncontent-length:\t0 \r\n\r\nGET / HTTP/1.1\r\n\r\n",
            "POST / HTTP/1.1\r\nTransfer-Encoding: Chunked\r\n\r\n3;x=\"y\"\r\n\n\n\n\r\n0\r\nA: b\r\n\r\nGET / HTTP/1.0\r\n\r\n",
            "GET /?a=b HTTP/1.1\r\nX:\r\n\r\n",
        ] {
            assert_eq!(
                scan(input.as_bytes(), usize::MAX),
                (None, input.as_bytes().to_vec()),
                "{input:?}"
            );
        }
    }

    #[test]
    fn ambiguous_requests_are_refused() {
        use Violation::*;
        for (input, violation) in [
            (
                "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
                TwoLengths,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nContent-Length: 1\r\n\r\n",
                TwoLengths,
            ),
            (
                "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
                ContentLength,
            ),
            ("POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", ContentLength),
            ("POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", ContentLength),
            ("POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", ContentLength),
            ("POST / HTTP/1.1\r\nContent-Length: 0x1\r\n\r\n", ContentLength),
            ("POST / HTTP/1.1\r\nContent-Length:\r\n\r\n", ContentLength),
            (
                "POST / HTTP/1.1\r\nContent-Length: 9999999999999999999\r\n\r\n",
                ContentLength,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: xchunked\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: \"chunked\"\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: \x0bchunked\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                TransferEncoding,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding : chunked\r\n\r\n",
                HeaderLine,
            ),
            (
                "POST / HTTP/1.1\r\n Transfer-Encoding: chunked\r\n\r\n",
                HeaderLine,
            ),
            ("GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n", HeaderLine),
            ("GET / HTTP/1.1\r\nA\r\n\r\n", HeaderLine),
            ("GET / HTTP/1.1\r\n: b\r\n\r\n", HeaderLine),
            ("GET / HTTP/1.1\nHost: a\r\n\r\n", BareLineFeed),
            (
                "GET / HTTP/1.1\r\nA: b\nTransfer-Encoding: chunked\r\n\r\n",
                BareLineFeed,
            ),
            ("GET / HTTP/1.1\r\nA: b\r\n\n", BareLineFeed),
            (
                "GET / HTTP/1.1\r\nA: b\rTransfer-Encoding: chunked\r\n\r\n",
                ControlCharacter,
            ),
            ("GET / HTTP/1.1\r\nA: b\0\r\n\r\n", ControlCharacter),
            ("GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", SeveralHosts),
            ("GET /a b HTTP/1.1\r\n\r\n", RequestLine),
            ("GET  / HTTP/1.1\r\n\r\n", RequestLine),
            ("GET / HTTP/2.0\r\n\r\n", RequestLine),
            ("GET /\r\n\r\n", RequestLine),
            ("GET /a#b HTTP/1.1\r\n\r\n", RequestLine),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabcX\r\n",
                Chunk,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n-3\r\nabc\r\n",
                Chunk,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n",
                Chunk,
            ),
            ("POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", Chunk),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
                Chunk,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\nabc\r\n",
                BareLineFeed,
            ),
            (
                "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n folded: x\r\n\r\n",
                Chunk,
            ),
        ] {
            let (found, passed) = scan(input.as_bytes(), usize::MAX);
            assert_eq!(found, Some(violation), "{input:?}");
            assert_eq!(passed.last(), Some(&0), "{input:?}");
        }
    }

    #[test]
    fn nothing_passes_after_a_violation() {
        let mut framing = Framing::default();
        let mut input = *b"GET /\r\nGET / HTTP/1.1\r\n\r\n";
        assert_eq!(framing.scan(&mut input), 7);
        assert_eq!(
            framing.scan(&mut *b"GET / HTTP/1.1\r\n\r\n".to_owned().as_mut()),
            0
        );
    }

    #[test]
    fn the_beginning_of_a_head_is_noticed() {
        let mut framing = Framing::default();
        for (input, in_head) in [
            (&b"GE"[..], true),
            (b"T / HTTP/1.1\r\n", true),
            (b"\r\n", false),
            (b"\r\n", false),
        ] {
            framing.scan(&mut input.to_vec());
            assert_eq!(framing.is_in_head(), in_head, "{input:?}");
        }
    }

    proptest! {
        #[test]
        fn pieces_do_not_matter(
            input in "(GET|POST) / HTTP/1.1\r\n((A|Content-Length|Transfer-Encoding): (1|3|chunked)\r?\n){0,3}\r\n(3\r\nabc\r\n|0\r\n\r\n|abc){0,4}",
            piece in 1_usize..40,
        ) {
            prop_assert_eq!(scan(input.as_bytes(), piece), scan(input.as_bytes(), usize::MAX));
        }
    }
}
