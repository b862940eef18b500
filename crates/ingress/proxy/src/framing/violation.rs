//! What is wrong with the framing of a request.

/// Why a request was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A line feed without a carriage return (RFC 9112 section 2.2 allows to accept it; others do not).
    #[error("a line ends without a carriage return")]
    BareLineFeed,
    /// A carriage return or NUL inside a line (RFC 9112 section 2.2).
    #[error("a line contains a carriage return or NUL")]
    ControlCharacter,
    /// The request line is not `method SP request-target SP HTTP/1.x` (RFC 9112 section 3), or its target has
    /// a fragment.
    #[error("the request line is malformed")]
    RequestLine,
    /// A header line without a name, or folded (RFC 9112 sections 5.1 and 5.2).
    #[error("a header line is malformed or folded")]
    HeaderLine,
    /// `Content-Length` is not one decimal number (RFC 9112 section 6.3).
    #[error("Content-Length is not a single decimal number")]
    ContentLength,
    /// `Transfer-Encoding` is not just `chunked`, or is in an HTTP/1.0 request (RFC 9112 section 6.1).
    #[error("Transfer-Encoding is not just \"chunked\"")]
    TransferEncoding,
    /// Both headers that delimit a body (RFC 9112 section 6.3, item 3).
    #[error("the request has both Content-Length and Transfer-Encoding")]
    TwoLengths,
    /// More than one `Host` (RFC 9112 section 3.2).
    #[error("the request has several Host headers")]
    SeveralHosts,
    /// A chunk or a trailer line is malformed (RFC 9112 section 7.1).
    #[error("the chunked body is malformed")]
    Chunk,
    /// A line is longer than any limit.
    #[error("a line is too long")]
    TooLong,
}
