//! How clients and the kubelet agree on a protocol: WebSocket (RFC 6455), or SPDY/3.1 for older clients.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body_util::{BodyExt, Empty};
use sha1::{Digest, Sha1};

use super::answer::{Body, Refusal};

/// The protocol that carries the streams.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Transport {
    WebSocket,
    Spdy,
}

/// Subprotocols of one kind of request, the preferred ones first.
pub(super) struct Offers {
    pub(super) websocket: &'static [&'static str],
    pub(super) spdy: &'static str,
}

/// For exec and attach. With `v5` a client can close its input.
pub(super) const COMMAND: Offers = Offers {
    websocket: &["v5.channel.k8s.io", "v4.channel.k8s.io"],
    spdy: "v4.channel.k8s.io",
};

/// For port-forward: SPDY, within the messages of a WebSocket or by itself.
pub(super) const PORT_FORWARD: Offers = Offers {
    websocket: &["SPDY/3.1+portforward.k8s.io"],
    spdy: "portforward.k8s.io",
};

const STREAM_PROTOCOL: HeaderName = HeaderName::from_static("x-stream-protocol-version");

/// Which protocol a request and the kubelet have in common, and the answer that begins it.
pub(super) fn agree(headers: &HeaderMap, offers: &Offers) -> Result<(Transport, Response<Body>), Refusal> {
    let upgrade = words(headers, &header::UPGRADE).next().unwrap_or_default();
    if upgrade.eq_ignore_ascii_case("websocket") {
        return Ok((Transport::WebSocket, websocket(headers, offers)?));
    }
    if upgrade.eq_ignore_ascii_case("SPDY/3.1") {
        common(headers, &STREAM_PROTOCOL, &[offers.spdy])?;
        let response = switching("SPDY/3.1", &[(STREAM_PROTOCOL, offers.spdy)])?;
        return Ok((Transport::Spdy, response));
    }
    Err(Refusal::bad_request(
        "this request needs an upgrade of its connection, to WebSocket or SPDY/3.1",
    ))
}

fn websocket(headers: &HeaderMap, offers: &Offers) -> Result<Response<Body>, Refusal> {
    let key = headers.get(header::SEC_WEBSOCKET_KEY);
    let key = key.ok_or_else(|| Refusal::bad_request("Sec-WebSocket-Key: is missing"))?;
    let protocol = common(headers, &header::SEC_WEBSOCKET_PROTOCOL, offers.websocket)?;
    let accept = accept(key.as_bytes());
    let agreed = [
        (header::SEC_WEBSOCKET_ACCEPT, accept.as_str()),
        (header::SEC_WEBSOCKET_PROTOCOL, protocol),
    ];
    switching("websocket", &agreed)
}

/// The answer to a client's key (RFC 6455, 4.2.2).
fn accept(key: &[u8]) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    STANDARD.encode(hash.finalize())
}

fn common(headers: &HeaderMap, name: &HeaderName, served: &[&'static str]) -> Result<&'static str, Refusal> {
    let found = served
        .iter()
        .find(|one| words(headers, name).any(|word| word == **one));
    found.copied().ok_or_else(|| {
        let asked: Vec<&str> = words(headers, name).collect();
        Refusal::bad_request(format!(
            "{name}: none of [{}] is served here, only {}; `kinglet lab exec` and `kinglet lab logs` need none",
            asked.join(", "),
            served.join(", ")
        ))
    })
}

/// The words of a header: lists in one line, or one line for each.
fn words<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = &'a str> {
    let lines = headers
        .get_all(name)
        .into_iter()
        .filter_map(|value| value.to_str().ok());
    lines.flat_map(|line| line.split(',')).map(str::trim)
}

fn switching(protocol: &'static str, headers: &[(HeaderName, &str)]) -> Result<Response<Body>, Refusal> {
    let mut response = Response::new(Empty::new().boxed_unsync());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let own = [(header::CONNECTION, "Upgrade"), (header::UPGRADE, protocol)];
    for (name, value) in own.iter().chain(headers) {
        let value = HeaderValue::from_str(value).map_err(|error| Refusal::internal(error.to_string()))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in all {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn the_best_protocol_that_both_have() {
        let asked = headers(&[
            ("upgrade", "websocket"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
            ("sec-websocket-protocol", "v4.channel.k8s.io, v5.channel.k8s.io"),
        ]);
        let (transport, response) = agree(&asked, &COMMAND).unwrap();
        assert_eq!(transport, Transport::WebSocket);
        let header = |name: &str| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("sec-websocket-protocol"), "v5.channel.k8s.io");
        // The example of RFC 6455, 1.3.
        assert_eq!(header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
        let old = headers(&[
            ("upgrade", "SPDY/3.1"),
            ("x-stream-protocol-version", "v5.channel.k8s.io"),
            ("x-stream-protocol-version", "v4.channel.k8s.io"),
        ]);
        assert_eq!(agree(&old, &COMMAND).unwrap().0, Transport::Spdy);
    }

    #[test]
    fn without_a_common_protocol_there_is_no_connection() {
        for all in [
            &[
                ("upgrade", "SPDY/3.1"),
                ("x-stream-protocol-version", "channel.k8s.io"),
            ][..],
            &[("upgrade", "websocket"), ("sec-websocket-key", "a")],
            &[],
        ] {
            assert!(agree(&headers(all), &COMMAND).is_err(), "{all:?}");
        }
    }
}
