//! The two forms of a request's path: the one that backends receive and the one that routers compare.
//!
//! Both exist so that two spellings of one path cannot take two routes. [`normalize`] undoes needless
//! percent-encodings and dot segments before anything looks at the path; backends get its result.
//! [`routing_path`] further decodes whatever cannot change the meaning of the path, so that rules can be
//! written in plain text.

use std::borrow::Cow;

/// Why a path is refused (the client gets 400).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum InvalidPath {
    /// `#` never appears in a request target (RFC 9112 section 3.2).
    #[error("the path contains \"#\"")]
    Fragment,
    /// `%` is not followed by two hexadecimal digits (RFC 3986 section 2.1).
    #[error("the path contains \"%\" without two hexadecimal digits")]
    Escape,
    /// The path does not start with `/`.
    #[error("the path does not start with \"/\"")]
    Relative,
}

/// Normalises a path (RFC 3986 sections 6.2.2.1 to 6.2.2.3): encodings of unreserved characters are decoded,
/// the others get upper-case digits, dot segments are resolved and repeated slashes merged.
pub fn normalize(path: &str) -> Result<Cow<'_, str>, InvalidPath> {
    if !path.starts_with('/') {
        return Err(InvalidPath::Relative);
    }
    if path.contains('#') {
        return Err(InvalidPath::Fragment);
    }
    // Nearly every path: no allocation.
    if is_normal(path) {
        return Ok(Cow::Borrowed(path));
    }
    // Decoding comes first, because `%2E%2E` is a dot segment, too.
    let decoded = decode(path, is_unreserved).ok_or(InvalidPath::Escape)?;
    let decoded = String::from_utf8(decoded).map_err(|_| InvalidPath::Escape)?;
    Ok(Cow::Owned(resolve_segments(&decoded)))
}

/// The path that routers compare: every percent-encoded octet that is not a reserved character is decoded,
/// reserved ones (`%2F`) stay encoded, so `/a%2Fb` is one element. An encoding that is no UTF-8 text stays as
/// it is.
pub fn routing_path(normalized: &str) -> Cow<'_, str> {
    if !normalized.contains('%') {
        return Cow::Borrowed(normalized);
    }
    decode(normalized, |octet| !is_reserved(octet))
        .and_then(|decoded| String::from_utf8(decoded).ok())
        .map_or(Cow::Borrowed(normalized), Cow::Owned)
}

/// Whether nothing in the path can need a change: no encoding, no empty segment, no segment that starts with
/// a dot.
fn is_normal(path: &str) -> bool {
    let mut after_slash = false;
    for byte in path.bytes() {
        if byte == b'%' || (after_slash && (byte == b'/' || byte == b'.')) {
            return false;
        }
        after_slash = byte == b'/';
    }
    true
}

/// Decodes the octets that `decodable` accepts and writes the other encodings in upper case; `None` for an
/// incomplete encoding.
fn decode(path: &str, decodable: fn(u8) -> bool) -> Option<Vec<u8>> {
    let mut output = Vec::with_capacity(path.len());
    let mut bytes = path.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            output.push(byte);
            continue;
        }
        let (high, low) = (bytes.next()?, bytes.next()?);
        let octet = hex(high)? << 4 | hex(low)?;
        if decodable(octet) {
            output.push(octet);
        } else {
            output.extend([b'%', high.to_ascii_uppercase(), low.to_ascii_uppercase()]);
        }
    }
    Some(output)
}

/// Removes `.` and empty segments and resolves `..`, which never climbs above the root; a final dot segment
/// leaves its slash.
fn resolve_segments(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    let mut directory = false;
    // The first piece is the empty one before the leading slash.
    for segment in path.split('/').skip(1) {
        directory = matches!(segment, "" | "." | "..");
        match segment {
            "" | "." => {}
            ".." => {
                // Nothing to pop is no error: RFC 3986 section 5.2.4 stops at the root, too.
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut output = String::with_capacity(path.len());
    for segment in &segments {
        output.push('/');
        output.push_str(segment);
    }
    if directory || segments.is_empty() {
        output.push('/');
    }
    output
}

fn hex(digit: u8) -> Option<u8> {
    char::from(digit)
        .to_digit(16)
        .and_then(|value| u8::try_from(value).ok())
}

fn is_unreserved(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b"-._~".contains(&octet)
}

/// The gen-delims and sub-delims of RFC 3986 section 2.2, and `%` itself.
fn is_reserved(octet: u8) -> bool {
    b":/?#[]@!$&'()*+,;=%".contains(&octet)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn normalized_paths() {
        for (path, expected) in [
            ("/", Ok("/")),
            ("/foo/bar", Ok("/foo/bar")),
            ("/%66oo", Ok("/foo")),
            ("/a%2fb", Ok("/a%2Fb")),
            ("/a%20b", Ok("/a%20b")),
            ("/foo/%2E%2E/bar", Ok("/bar")),
            ("/foo/../../bar", Ok("/bar")),
            ("/foo/..", Ok("/")),
            ("/foo/.", Ok("/foo/")),
            ("/foo//bar/", Ok("/foo/bar/")),
            ("//", Ok("/")),
            ("/.hidden", Ok("/.hidden")),
            ("/a/...", Ok("/a/...")),
            ("/a%", Err(InvalidPath::Escape)),
            ("/a%2", Err(InvalidPath::Escape)),
            ("/a%zz", Err(InvalidPath::Escape)),
            ("/a#b", Err(InvalidPath::Fragment)),
            ("a", Err(InvalidPath::Relative)),
            ("*", Err(InvalidPath::Relative)),
        ] {
            assert_eq!(normalize(path).as_deref(), expected.as_deref(), "{path}");
        }
    }

    #[test]
    fn ordinary_paths_are_not_copied() {
        assert!(matches!(
            normalize("/an/ordinary/path.html"),
            Ok(Cow::Borrowed(_))
        ));
    }

    #[test]
    fn routing_paths() {
        for (path, expected) in [
            ("/foo", "/foo"),
            ("/a%2Fb", "/a%2Fb"),
            ("/a%20b", "/a b"),
            ("/caf%C3%A9", "/café"),
            ("/%25", "/%25"),
            ("/%FF", "/%FF"),
        ] {
            assert_eq!(routing_path(path), expected, "{path}");
        }
    }

    proptest! {
        #[test]
        fn normal_paths_are_fixed_points(path in "/([a-z./%]|%2[eEfF]|%41){0,12}") {
            if let Ok(once) = normalize(&path) {
                prop_assert!(once.starts_with('/'));
                prop_assert!(!once.contains("//"), "{once}");
                prop_assert!(once.split('/').all(|segment| segment != "." && segment != ".."), "{once}");
                let twice = normalize(&once);
                prop_assert_eq!(twice.as_deref(), Ok(&*once));
            }
        }
    }
}
