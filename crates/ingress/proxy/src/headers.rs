//! Hop-by-hop headers: they belong to one connection and are not forwarded (RFC 9110 section 7.6.1), in
//! requests and responses alike.

use http::header::{
    CONNECTION, COOKIE, HOST, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION,
    TE, TRANSFER_ENCODING, UPGRADE,
};

use crate::forwarded;

/// Removes the headers of the connection and those that `Connection` names. `TE: trailers` stays, and so do
/// `Connection` and `Upgrade` when the message really changes the protocol. `Trailer` is not a header of the
/// connection: it announces fields that are forwarded.
pub(crate) fn remove_hop_by_hop(headers: &mut HeaderMap, upgrade: bool) {
    // Most messages of HTTP/1.1 clients have none; looking costs less than nine removals.
    if !headers.keys().any(is_hop_by_hop) {
        return;
    }
    // Before `Connection` itself goes, which names them.
    for name in named_by_connection(headers) {
        headers.remove(name);
    }
    let protocol = headers.remove(UPGRADE);
    let trailers = has_token(headers, &TE, "trailers");
    for name in [
        &CONNECTION,
        &PROXY_AUTHENTICATE,
        &PROXY_AUTHORIZATION,
        &TE,
        &TRANSFER_ENCODING,
    ] {
        headers.remove(name);
    }
    // Not registered any more, but sent by old programs (RFC 9112 appendix C.2.2).
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
    // Set anew: gRPC servers demand `TE: trailers`, and the proxy forwards trailers.
    if trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
    if let Some(protocol) = protocol.filter(|_| upgrade) {
        headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(UPGRADE, protocol);
    }
}

/// Whether a message asks for, or agrees to, another protocol that the proxy can tunnel. HTTP/2 in clear text
/// by upgrade is not one: a server would get requests that the proxy never saw.
pub(crate) fn is_upgrade(headers: &HeaderMap) -> bool {
    headers.contains_key(UPGRADE)
        && has_token(headers, &CONNECTION, "upgrade")
        && !has_token(headers, &UPGRADE, "h2c")
}

/// Joins the `Cookie` lines of an HTTP/2 request, which may split them (RFC 9113 section 8.2.3).
pub(crate) fn join_cookies(headers: &mut HeaderMap) {
    // One line is the rule: nothing is copied then.
    let mut lines = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes);
    if lines.nth(1).is_none() {
        return;
    }
    let lines: Vec<&[u8]> = headers
        .get_all(COOKIE)
        .iter()
        .map(HeaderValue::as_bytes)
        .collect();
    if let Ok(joined) = HeaderValue::from_bytes(&lines.join(&b"; "[..])) {
        headers.insert(COOKIE, joined);
    }
}

/// Whether a comma-separated list has a token, in any case.
pub(crate) fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    tokens(headers, name).any(|found| found.eq_ignore_ascii_case(token))
}

fn tokens<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let values = headers
        .get_all(name)
        .iter()
        .filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).map(str::trim)
}

/// The fields that `Connection` declares to be of this connection. `Host`, `TE` and `Upgrade` have their own
/// rules, and the headers that the proxy vouches for must not be removable by a client.
fn named_by_connection(headers: &HeaderMap) -> Vec<HeaderName> {
    let protected =
        |name: &HeaderName| *name == HOST || *name == TE || *name == UPGRADE || forwarded::is_managed(name);
    tokens(headers, &CONNECTION)
        // Options of the connection and not names of headers.
        .filter(|token| !token.eq_ignore_ascii_case("keep-alive") && !token.eq_ignore_ascii_case("close"))
        .filter_map(|token| HeaderName::from_bytes(token.as_bytes()).ok())
        .filter(|name| !protected(name))
        .collect()
}

fn is_hop_by_hop(name: &HeaderName) -> bool {
    *name == CONNECTION
        || *name == TRANSFER_ENCODING
        || *name == TE
        || *name == UPGRADE
        || *name == PROXY_AUTHORIZATION
        || *name == PROXY_AUTHENTICATE
        || matches!(name.as_str(), "keep-alive" | "proxy-connection")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let line = |(name, value): &(&str, &str)| {
            (
                HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        };
        lines.iter().map(line).collect()
    }

    #[test]
    fn headers_of_the_connection_are_removed() {
        let mut found = headers(&[
            ("connection", "close, X-Mine, Host, X-Forwarded-For"),
            ("x-mine", "1"),
            ("host", "a"),
            ("x-forwarded-for", "192.0.2.1"),
            ("keep-alive", "timeout=5"),
            ("proxy-connection", "close"),
            ("proxy-authorization", "Basic x"),
            ("te", "gzip, trailers"),
            ("transfer-encoding", "chunked"),
            ("upgrade", "websocket"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ]);
        remove_hop_by_hop(&mut found, false);
        let expected = headers(&[
            ("host", "a"),
            ("x-forwarded-for", "192.0.2.1"),
            ("te", "trailers"),
            ("trailer", "x-sum"),
            ("accept", "*/*"),
        ]);
        assert_eq!(found, expected);
    }

    #[test]
    fn upgrades_stay() {
        let mut found = headers(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]);
        assert!(is_upgrade(&found));
        remove_hop_by_hop(&mut found, true);
        assert_eq!(
            found,
            headers(&[("connection", "Upgrade"), ("upgrade", "websocket")])
        );
        let settings = [
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "AAMAAABk"),
        ];
        let mut found = headers(&settings);
        assert!(!is_upgrade(&found));
        remove_hop_by_hop(&mut found, false);
        assert!(found.is_empty());
    }

    #[test]
    fn cookies_are_joined() {
        let mut found = headers(&[("cookie", "a=1"), ("cookie", "b=2")]);
        join_cookies(&mut found);
        assert_eq!(found, headers(&[("cookie", "a=1; b=2")]));
    }
}
