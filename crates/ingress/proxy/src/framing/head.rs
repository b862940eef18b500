//! The lines of a head, as far as they decide where the message ends.

use memchr::memchr;

use super::violation::Violation;

/// What follows a head.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// The next head.
    None,
    /// So many bytes; never 0.
    Sized(u64),
    /// Chunks.
    Chunked,
}

/// What the lines of the current head say so far.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// Whether the request line has been read.
    pub(super) started: bool,
    is_http_10: bool,
    length: Option<u64>,
    chunked: bool,
    has_host: bool,
}

impl Head {
    pub(super) fn request_line(&mut self, line: &[u8]) -> Result<(), Violation> {
        let mut parts = line.split(|byte| *byte == b' ');
        // Exactly one space between the parts: RFC 9112 section 3 lets lenient parsers split at any white
        // space, and those would find another target.
        let (method, target, version, more) = (parts.next(), parts.next(), parts.next(), parts.next());
        self.is_http_10 = match version {
            Some(b"HTTP/1.1") => false,
            Some(b"HTTP/1.0") => true,
            _ => return Err(Violation::RequestLine),
        };
        let is_empty = |part: Option<&[u8]>| part.is_none_or(<[u8]>::is_empty);
        // A fragment is never sent (RFC 9110 section 7.1); some servers cut it off, others do not.
        let has_fragment = target.is_some_and(|target| memchr(b'#', target).is_some());
        if is_empty(method) || is_empty(target) || more.is_some() || has_fragment {
            return Err(Violation::RequestLine);
        }
        self.started = true;
        Ok(())
    }

    pub(super) fn header_line(&mut self, line: &[u8]) -> Result<(), Violation> {
        let colon = memchr(b':', line).ok_or(Violation::HeaderLine)?;
        let (name, value) = line.split_at_checked(colon).ok_or(Violation::HeaderLine)?;
        // A name that begins with white space is folded into the line before (obs-fold, RFC 9112 section
        // 5.2); one that ends with it must be refused (section 5.1), because some parsers drop the space.
        let is_blank = |byte: &u8| matches!(byte, b' ' | b'\t');
        if name.is_empty() || name.first().is_some_and(is_blank) || name.last().is_some_and(is_blank) {
            return Err(Violation::HeaderLine);
        }
        let value = value.get(1..).unwrap_or_default();
        // The lengths first: most lines are told apart by them without comparing text.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.content_length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding(value),
            _ => Ok(()),
        }
    }

    fn host(&mut self) -> Result<(), Violation> {
        // RFC 9112 section 3.2 demands 400: programs differ in which of them they use.
        if std::mem::replace(&mut self.has_host, true) {
            return Err(Violation::SeveralHosts);
        }
        Ok(())
    }

    fn content_length(&mut self, value: &[u8]) -> Result<(), Violation> {
        let digits = trim(value);
        // 18 digits fit in 64 bits. No sign, no list: `+1` and `1, 1` are numbers for some parsers only.
        let is_number = !digits.is_empty() && digits.len() <= 18 && digits.iter().all(u8::is_ascii_digit);
        // Equal repeated lengths may be merged (RFC 9110 section 8.6), but not every recipient does.
        if !is_number || self.length.is_some() {
            return Err(Violation::ContentLength);
        }
        let add = |number: u64, digit: &u8| number * 10 + u64::from(digit - b'0');
        self.length = Some(digits.iter().fold(0, add));
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Violation> {
        // Only what every recipient understands in the same way. In HTTP/1.0 the header is unknown, so
        // servers before or behind may read the body by its length (RFC 9112 section 6.1).
        if self.chunked || self.is_http_10 || !trim(value).eq_ignore_ascii_case(b"chunked") {
            return Err(Violation::TransferEncoding);
        }
        self.chunked = true;
        Ok(())
    }

    /// What follows the head.
    pub(super) fn end(self) -> Result<Body, Violation> {
        match (self.chunked, self.length) {
            // The classic CL.TE and TE.CL smuggling (RFC 9112 section 6.3, item 3).
            (true, Some(_)) => Err(Violation::TwoLengths),
            (true, None) => Ok(Body::Chunked),
            (false, None | Some(0)) => Ok(Body::None),
            (false, Some(length)) => Ok(Body::Sized(length)),
        }
    }
}

/// Without optional white space (RFC 9110 section 5.6.3).
pub(super) fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}
