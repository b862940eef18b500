//! The canonical form of a request's host: without port and trailing dot, in lower case.

/// Room for the longest DNS name (RFC 1035 section 2.3.4), where [`canonical`] writes a host that needs a
/// change.
pub type Buffer = [u8; 255];

/// The canonical form of a `Host` header or `:authority` value.
///
/// Nothing is allocated; a host that is canonical already is returned as it is. A host longer than any DNS
/// name can match no router by name, so it comes back empty.
pub fn canonical<'a>(host: &'a str, buffer: &'a mut Buffer) -> &'a str {
    let (name, _) = split_port(host);
    // The absolute form of the same name (RFC 1034 section 3.1); routers hold the relative one.
    let name = name.strip_suffix('.').unwrap_or(name);
    if !name.bytes().any(|byte| byte.is_ascii_uppercase()) {
        // The same answer in lower case as in upper case.
        return if name.len() <= buffer.len() { name } else { "" };
    }
    let Some(copy) = buffer.get_mut(..name.len()) else {
        return "";
    };
    copy.copy_from_slice(name.as_bytes());
    copy.make_ascii_lowercase();
    str::from_utf8(copy).unwrap_or_default()
}

/// Splits `host[:port]` (RFC 3986 section 3.2) into the host and the port's digits; an IPv6 literal keeps its
/// brackets.
pub fn split_port(host: &str) -> (&str, Option<&str>) {
    match host.rsplit_once(':') {
        // A colon before `]` belongs to an IPv6 address.
        Some((name, port)) if !port.contains(']') => (name, Some(port).filter(|port| !port.is_empty())),
        _ => (host, None),
    }
}

/// Whether a `Host` value is `uri-host [":" port]` (RFC 9110 section 7.2); an empty one is allowed there.
pub fn is_valid(host: &str) -> bool {
    let (name, port) = split_port(host);
    let port_is_valid =
        port.is_none_or(|port| port.bytes().all(|byte| byte.is_ascii_digit()) && port.len() <= 5);
    let name_is_valid = match name.strip_prefix('[').and_then(|name| name.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => name.bytes().all(is_name_byte),
    };
    port_is_valid && name_is_valid
}

/// `reg-name` (RFC 3986 section 3.2.2) without percent-encoding: an encoded host would be read differently by
/// different programs.
fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=".contains(&byte)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn canonical_hosts() {
        let long = "a".repeat(256);
        for (host, expected) in [
            ("example.com", "example.com"),
            ("Example.COM:8080", "example.com"),
            ("example.com.", "example.com"),
            ("example.com.:80", "example.com"),
            ("[::1]:80", "[::1]"),
            ("[FE80::1]", "[fe80::1]"),
            ("", ""),
            (&long, ""),
        ] {
            assert_eq!(canonical(host, &mut [0; 255]), expected, "{host}");
        }
    }

    #[test]
    fn valid_hosts() {
        for (host, valid) in [
            ("example.com", true),
            ("example.com:80", true),
            ("example.com:", true),
            ("127.0.0.1:80", true),
            ("[::1]:80", true),
            ("", true),
            ("a b", false),
            ("a/b", false),
            ("user@host", false),
            ("host:80x", false),
            ("host:123456", false),
            ("[::1", false),
            ("[x]", false),
            ("a:b:80", false),
            ("a%00b", false),
        ] {
            assert_eq!(is_valid(host), valid, "{host}");
        }
    }
}
