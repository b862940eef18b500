//! Request bodies.

use std::pin::pin;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_TYPE;
use http_body_util::BodyExt;

use crate::error::ApiError;

/// Largest body that is read, as in Kubernetes (`MaxRequestBodyBytes`).
const LIMIT: usize = 3 << 20;
/// A larger body is not read to its end.
const DISCARDED: usize = 64 << 20;

/// The media types that requests may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MediaType {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
    /// `application/vnd.kubernetes.protobuf`.
    Protobuf,
    /// `application/json-patch+json` (RFC 6902).
    JsonPatch,
    /// `application/merge-patch+json` (RFC 7386).
    MergePatch,
    /// `application/strategic-merge-patch+json`.
    StrategicMergePatch,
    /// `application/apply-patch+yaml`: server-side apply.
    ApplyPatch,
}

impl MediaType {
    fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers
            .get(CONTENT_TYPE)
            // A header that is no text is a type that nobody knows, not a missing one.
            .map_or("", |value| value.to_str().unwrap_or("?"));
        Some(match text.split(';').next().unwrap_or_default().trim() {
            // Missing means JSON, as in Kubernetes.
            "" | "application/json" => Self::Json,
            "application/yaml" | "application/x-yaml" => Self::Yaml,
            "application/vnd.kubernetes.protobuf" => Self::Protobuf,
            "application/json-patch+json" => Self::JsonPatch,
            "application/merge-patch+json" => Self::MergePatch,
            "application/strategic-merge-patch+json" => Self::StrategicMergePatch,
            "application/apply-patch+yaml" => Self::ApplyPatch,
            _ => return None,
        })
    }

    /// Whether it is one of the patch types.
    pub(crate) fn is_patch(self) -> bool {
        !matches!(self, Self::Json | Self::Yaml | Self::Protobuf)
    }
}

/// A body that was read.
#[derive(Clone, Debug)]
pub(crate) struct RequestBody {
    /// `None` for a type that is not known.
    media_type: Option<MediaType>,
    pub(crate) bytes: Bytes,
}

impl RequestBody {
    /// The media type, for a request that carries an object; 415 when it is not an object's.
    pub(crate) fn object_type(&self) -> Result<MediaType, ApiError> {
        self.media_type.filter(|one| !one.is_patch()).ok_or_else(|| {
            unsupported("application/json, application/yaml, application/vnd.kubernetes.protobuf")
        })
    }

    /// The media type, for a request that carries a patch; 415 when it is not a patch's.
    pub(crate) fn patch_type(&self) -> Result<MediaType, ApiError> {
        self.media_type.filter(|one| one.is_patch()).ok_or_else(|| {
            unsupported(
                "application/json-patch+json, application/merge-patch+json, \
                     application/strategic-merge-patch+json, application/apply-patch+yaml",
            )
        })
    }
}

/// 415, with the types that are accepted.
pub(crate) fn unsupported(accepted: &str) -> ApiError {
    ApiError::new(
        415,
        "UnsupportedMediaType",
        format!(
            "the body of the request was in an unknown format - accepted media types include: {accepted}"
        ),
    )
}

/// Reads a body up to the limit. What is beyond is read, too, but not kept: an answer to a body that still
/// comes makes HTTP/2 reset the stream, and clients tell of the reset instead of the answer.
pub(crate) async fn read_body<B>(headers: &HeaderMap, body: B) -> Result<RequestBody, ApiError>
where
    B: http_body::Body,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let mut body = pin!(body);
    let (mut bytes, mut size) = (BytesMut::new(), 0);
    while let Some(frame) = body.as_mut().frame().await {
        let frame = frame.map_err(|error| {
            ApiError::bad_request(format!("unable to read the request's body: {}", error.into()))
        })?;
        let Ok(data) = frame.into_data() else { continue };
        size += data.remaining();
        if size <= LIMIT {
            bytes.put(data);
        } else if size > DISCARDED {
            break;
        }
    }
    if size > LIMIT {
        let message = format!("Request entity too large: limit is {LIMIT}");
        return Err(ApiError::new(413, "RequestEntityTooLarge", message));
    }
    Ok(RequestBody {
        media_type: MediaType::of(headers),
        bytes: bytes.freeze(),
    })
}
