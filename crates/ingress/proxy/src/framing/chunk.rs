//! The lines of a chunked body (RFC 9112 section 7.1).

use memchr::memchr;

use super::head::trim;
use super::violation::Violation;

/// The size of a chunk, from its line `chunk-size [ chunk-ext ]`.
pub(super) fn size(line: &[u8]) -> Result<u64, Violation> {
    let end = line
        .iter()
        .position(|byte| !byte.is_ascii_hexdigit())
        .unwrap_or(line.len());
    let (digits, extension) = line.split_at_checked(end).ok_or(Violation::Chunk)?;
    // Extensions are ignored but must be set off by a semicolon: `5x` is size 5 for some parsers.
    let extension = trim(extension);
    let is_extension = extension.is_empty() || extension.starts_with(b";");
    // 15 digits fit in 64 bits: a size that overflows would be read differently by another parser.
    if digits.is_empty() || digits.len() > 15 || !is_extension {
        return Err(Violation::Chunk);
    }
    let value = |digit: u8| char::from(digit).to_digit(16).map_or(0, u64::from);
    Ok(digits.iter().fold(0, |size, digit| size << 4 | value(*digit)))
}

/// Checks a line of the trailer section.
pub(super) fn trailer(line: &[u8]) -> Result<(), Violation> {
    match memchr(b':', line) {
        // A line that begins with white space is folded (RFC 9112 section 5.2).
        Some(colon) if colon > 0 && !line.starts_with(b" ") && !line.starts_with(b"\t") => Ok(()),
        _ => Err(Violation::Chunk),
    }
}
