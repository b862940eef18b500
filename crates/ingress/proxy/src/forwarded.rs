//! `X-Forwarded-*` and `X-Real-Ip`: what a server is told about the client (Traefik `forwardedHeaders`).

use std::net::IpAddr;

use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use kinglet_ingress_routes::host;

const FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const HOSTNAME: HeaderName = HeaderName::from_static("x-forwarded-host");
const PORT: HeaderName = HeaderName::from_static("x-forwarded-port");
const PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const SERVER: HeaderName = HeaderName::from_static("x-forwarded-server");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");

/// The headers that only a trusted client may set.
const MANAGED: [&str; 11] = [
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-port",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-forwarded-uri",
    "x-forwarded-method",
    "x-forwarded-prefix",
    "x-forwarded-tls-client-cert",
    "x-forwarded-tls-client-cert-info",
    "x-real-ip",
];

/// What is the same for all requests of a connection.
#[derive(Debug)]
pub(crate) struct ForwardedInfo {
    /// The client's address as a header value.
    pub(crate) address: HeaderValue,
    /// Whether the client's own headers are believed.
    pub(crate) trusted: bool,
    /// Whether the client speaks TLS.
    pub(crate) tls: bool,
    /// This host's name.
    pub(crate) hostname: HeaderValue,
}

/// A client address without zone as a header value.
pub(crate) fn address_value(address: IpAddr) -> HeaderValue {
    HeaderValue::from_str(&address.to_string()).unwrap_or(HeaderValue::from_static(""))
}

/// Removes what an untrusted client claims and adds what the proxy knows.
pub(crate) fn apply(headers: &mut HeaderMap, info: &ForwardedInfo, websocket: bool) {
    if !info.trusted {
        remove_managed(headers);
    }
    // One growth of the map instead of several while six headers are added.
    headers.reserve(6);
    set_absent(headers, REAL_IP, |_| Some(info.address.clone()));
    // Before the port, which is derived from it.
    set_absent(headers, PROTO, |_| {
        Some(HeaderValue::from_static(proto(info.tls, websocket)))
    });
    set_absent(headers, PORT, |headers| Some(port(headers, info.tls)));
    set_absent(headers, HOSTNAME, |headers| headers.get(HOST).cloned());
    // Always this host, even after a trusted proxy: it is the last one on the way.
    headers.insert(SERVER, info.hostname.clone());
    append_address(headers, &info.address);
}

/// Whether a name is one of [`MANAGED`], `_` counting as `-`: many servers make the same variable of both.
pub(crate) fn is_managed(name: &HeaderName) -> bool {
    let name = name.as_str().as_bytes();
    // Most names are told apart by these bytes.
    let [b'x', b'-' | b'_', b'f' | b'r', ..] = name else {
        return false;
    };
    let same = |byte: &u8, other: &u8| byte == other || (*byte == b'_' && *other == b'-');
    MANAGED.iter().any(|managed| {
        managed.len() == name.len()
            && name
                .iter()
                .zip(managed.as_bytes())
                .all(|(byte, other)| same(byte, other))
    })
}

fn remove_managed(headers: &mut HeaderMap) {
    // Each name in turn, because the spellings with `_` cannot be enumerated cheaply.
    while let Some(name) = headers.keys().find(|name| is_managed(name)).cloned() {
        headers.remove(name);
    }
}

fn set_absent(
    headers: &mut HeaderMap,
    name: HeaderName,
    value: impl FnOnce(&HeaderMap) -> Option<HeaderValue>,
) {
    if !headers.contains_key(&name)
        && let Some(value) = value(headers)
    {
        headers.insert(name, value);
    }
}

fn proto(tls: bool, websocket: bool) -> &'static str {
    match (tls, websocket) {
        (false, false) => "http",
        (true, false) => "https",
        (false, true) => "ws",
        (true, true) => "wss",
    }
}

/// The port that the client asked for: the one in `Host`, else the default of the protocol it used.
fn port(headers: &HeaderMap, tls: bool) -> HeaderValue {
    let host = headers
        .get(HOST)
        .and_then(|host| host.to_str().ok())
        .unwrap_or_default();
    if let Some(port) = host::split_port(host)
        .1
        .and_then(|port| HeaderValue::from_str(port).ok())
    {
        return port;
    }
    // A trusted proxy in front may have terminated TLS: then the client asked for its port.
    let secure = headers
        .get(PROTO)
        .map_or(tls, |proto| matches!(proto.as_bytes(), b"https" | b"wss"));
    HeaderValue::from_static(if tls || secure { "443" } else { "80" })
}

/// Appends the client's address to the chain, as one line.
fn append_address(headers: &mut HeaderMap, address: &HeaderValue) {
    // Several lines mean the same as one list (RFC 9110 section 5.3), but some servers read only the first
    // line.
    let mut chain: Vec<&[u8]> = headers.get_all(FOR).iter().map(HeaderValue::as_bytes).collect();
    let value = if chain.is_empty() {
        address.clone()
    } else {
        chain.push(address.as_bytes());
        HeaderValue::from_bytes(&chain.join(&b", "[..])).unwrap_or_else(|_| address.clone())
    };
    headers.insert(FOR, value);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(
        trusted: bool,
        tls: bool,
        websocket: bool,
        lines: &[(&'static str, &'static str)],
    ) -> Vec<String> {
        let line = |(name, value): &(&'static str, &'static str)| {
            (HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        let mut headers: HeaderMap = lines.iter().map(line).collect();
        let info = ForwardedInfo {
            address: address_value("192.0.2.7".parse().unwrap()),
            trusted,
            tls,
            hostname: HeaderValue::from_static("node-1"),
        };
        apply(&mut headers, &info, websocket);
        let line =
            |(name, value): (&HeaderName, &HeaderValue)| format!("{name}: {}", value.to_str().unwrap());
        let mut lines: Vec<String> = headers.iter().map(line).collect();
        lines.sort();
        lines
    }

    #[test]
    fn an_untrusted_client_cannot_set_them_in_any_spelling() {
        let claims = [
            ("host", "a.example.com"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x_forwarded_for", "203.0.113.9"),
            ("x-forwarded_proto", "https"),
            ("x-forwarded-prefix", "/admin"),
            ("x-forwarded-tls-client-cert", "forged"),
            ("x-real-ip", "203.0.113.9"),
            ("x-forwarded-custom", "stays"),
        ];
        let expected = [
            "host: a.example.com",
            "x-forwarded-custom: stays",
            "x-forwarded-for: 192.0.2.7",
            "x-forwarded-host: a.example.com",
            "x-forwarded-port: 80",
            "x-forwarded-proto: http",
            "x-forwarded-server: node-1",
            "x-real-ip: 192.0.2.7",
        ];
        assert_eq!(applied(false, false, false, &claims), expected);
    }

    #[test]
    fn a_trusted_client_is_believed_and_appended_to() {
        let claims = [
            ("host", "a.example.com:8443"),
            ("x-forwarded-for", "203.0.113.9"),
            ("x-forwarded-for", "203.0.113.8"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-server", "other"),
            ("x-real-ip", "203.0.113.9"),
        ];
        let expected = [
            "host: a.example.com:8443",
            "x-forwarded-for: 203.0.113.9, 203.0.113.8, 192.0.2.7",
            "x-forwarded-host: a.example.com:8443",
            "x-forwarded-port: 8443",
            "x-forwarded-proto: https",
            "x-forwarded-server: node-1",
            "x-real-ip: 203.0.113.9",
        ];
        assert_eq!(applied(true, false, false, &claims), expected);
    }

    #[test]
    fn protocols_and_ports() {
        for (tls, websocket, proto, port) in [
            (false, false, "http", "80"),
            (true, false, "https", "443"),
            (false, true, "ws", "80"),
            (true, true, "wss", "443"),
        ] {
            let lines = applied(false, tls, websocket, &[("host", "a")]);
            assert!(
                lines.contains(&format!("x-forwarded-proto: {proto}")),
                "{lines:?}"
            );
            assert!(lines.contains(&format!("x-forwarded-port: {port}")), "{lines:?}");
        }
        let behind_tls = applied(
            true,
            false,
            false,
            &[("host", "a"), ("x-forwarded-proto", "https")],
        );
        assert!(
            behind_tls.contains(&"x-forwarded-port: 443".to_owned()),
            "{behind_tls:?}"
        );
    }
}
