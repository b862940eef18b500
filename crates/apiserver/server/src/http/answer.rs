//! Answers on their way out.

use std::convert::Infallible;
use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderName, VARY, WARNING};
use http::{HeaderValue, Response, StatusCode};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use serde_json::Value;

use super::negotiate::{Accept, Encoding, Shape};
use crate::error::ApiError;

/// The body of an answer.
pub type Body = UnsyncBoxBody<Bytes, Infallible>;

/// A body of at least this size is compressed for clients that take gzip, as in Kubernetes.
const GZIP_FROM: usize = 128 << 10;

/// What an answer carries.
pub(crate) enum Payload {
    /// A value to encode.
    Value(Value),
    /// JSON that is encoded already.
    Json(Bytes),
    /// The same in pieces, too large for one.
    Chunks(Vec<Bytes>),
    /// Plain text.
    Text(String),
    /// A watch: one JSON document per line.
    Watch(Body),
    /// The whole answer of somebody else, head and body.
    Response(Response<Body>),
    /// Nothing.
    Empty,
}

/// An answer before it is encoded.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) payload: Payload,
    /// Texts of `Warning` headers.
    pub(crate) warnings: Vec<String>,
    /// Further headers.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    /// Overrides the content type, for instance with the parameters of a discovery document.
    pub(crate) content_type: Option<&'static str>,
}

impl Answer {
    /// 200 with a payload.
    pub(crate) fn ok(payload: Payload) -> Self {
        Self::new(200, payload)
    }

    /// A payload with a status code.
    pub(crate) fn new(status: u16, payload: Payload) -> Self {
        Self {
            status,
            payload,
            warnings: Vec::new(),
            headers: Vec::new(),
            content_type: None,
        }
    }

    /// Adds warnings.
    pub(crate) fn warn(mut self, warnings: Vec<String>) -> Self {
        self.warnings.extend(warnings);
        self
    }

    /// The `Status` of an error.
    pub(crate) fn error(error: &ApiError) -> Self {
        Self::new(error.code, Payload::Value(error.status())).warn(error.warnings.to_vec())
    }

    /// Encodes the answer as the client accepts it.
    pub(crate) fn into_response(self, accept: &Accept) -> Response<Body> {
        let content_type = self
            .content_type
            .unwrap_or(match (&self.payload, accept.encoding) {
                (Payload::Text(_), _) => "text/plain; charset=utf-8",
                (_, Encoding::Yaml) => "application/yaml",
                (_, Encoding::Json) => "application/json",
            });
        let (body, gzipped) = match self.payload {
            // A compressor would hold events back until its window is full.
            Payload::Watch(body) => (body, false),
            Payload::Response(response) => return response,
            Payload::Empty => (full(Bytes::new()), false),
            Payload::Text(text) => (full(text.into()), false),
            Payload::Value(value) => compress(encode(&value, accept), accept),
            Payload::Chunks(chunks) if accept.as_stored() => (stream(futures::stream::iter(chunks)), false),
            Payload::Chunks(chunks) => compress(reencode(chunks.concat().into(), accept), accept),
            Payload::Json(json) => compress(reencode(json, accept), accept),
        };
        let mut response = Response::new(body);
        *response.status_mut() =
            StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
        // Answers depend on who asks, and are old at once.
        headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-cache, private"));
        if gzipped {
            headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
            headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
        }
        for warning in &self.warnings {
            if let Ok(value) = HeaderValue::from_str(&warning_text(warning)) {
                headers.append(WARNING, value);
            }
        }
        for (name, value) in self.headers {
            headers.insert(name, value);
        }
        response
    }
}

/// `299 - "text"` (RFC 7234 section 5.5, as Kubernetes uses it).
fn warning_text(text: &str) -> String {
    let escaped = text.replace('\\', "\\\\").replace('"', "\\\"");
    let printable: String = escaped
        .chars()
        // A header's value has no control characters (RFC 9110, 5.5).
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    format!("299 - \"{printable}\"")
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).boxed_unsync()
}

/// A body that streams chunks as they come.
pub(crate) fn stream<S>(chunks: S) -> Body
where
    S: futures::Stream<Item = Bytes> + Send + 'static,
{
    use futures::StreamExt;
    StreamBody::new(chunks.map(|chunk| Ok(http_body::Frame::data(chunk)))).boxed_unsync()
}

/// Values made of JSON always encode.
fn encode(value: &Value, accept: &Accept) -> Bytes {
    match accept.encoding {
        Encoding::Yaml => serde_saphyr::to_string(value).unwrap_or_default().into(),
        Encoding::Json if accept.pretty => {
            let mut text = serde_json::to_vec_pretty(value).unwrap_or_default();
            text.push(b'\n');
            text.into()
        }
        Encoding::Json => {
            let mut text = serde_json::to_vec(value).unwrap_or_default();
            text.push(b'\n');
            text.into()
        }
    }
}

fn reencode(json: Bytes, accept: &Accept) -> Bytes {
    if accept.as_stored() {
        return json;
    }
    match serde_json::from_slice(&json) {
        Ok(value) => encode(&value, accept),
        Err(_) => json,
    }
}

fn compress(bytes: Bytes, accept: &Accept) -> (Body, bool) {
    if !accept.gzip || bytes.len() < GZIP_FROM {
        return (full(bytes), false);
    }
    // The level of Kubernetes, too: higher ones cost much time for few octets.
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 8), Compression::fast());
    match encoder.write_all(&bytes).and_then(|()| encoder.finish()) {
        Ok(compressed) => (full(compressed.into()), true),
        Err(_) => (full(bytes), false),
    }
}

impl Accept {
    /// Whether encoded objects are sent as they are.
    fn as_stored(&self) -> bool {
        self.encoding == Encoding::Json && !self.pretty
    }

    /// Whether the client wants the object itself.
    pub(crate) fn whole(&self) -> bool {
        matches!(self.shape, Shape::Object | Shape::Discovery(_))
    }
}
