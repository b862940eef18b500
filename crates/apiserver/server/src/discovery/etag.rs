//! Documents that clients ask for again and again: they have an entity tag (RFC 9110, section 8.8.3).

use http::HeaderMap;
use http::header::{ETAG, HeaderValue, IF_NONE_MATCH};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::http::{Answer, Payload};

/// An answer with an `ETag`; 304 when the client has it already.
pub(super) fn tagged(value: &Value, headers: &HeaderMap) -> Answer {
    let json = serde_json::to_vec(value).unwrap_or_default();
    let tag = format!("\"{}\"", hash(&json));
    let known = headers.get(IF_NONE_MATCH).and_then(|value| value.to_str().ok()) == Some(tag.as_str());
    // RFC 9110, 15.4.5
    let mut answer = if known {
        Answer::new(304, Payload::Empty)
    } else {
        Answer::ok(Payload::Json(json.into()))
    };
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        answer.headers.push((ETAG, tag));
    }
    answer
}

/// SHA-256 in upper-case hexadecimal.
fn hash(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect()
}
