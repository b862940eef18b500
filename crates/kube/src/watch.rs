//! A watch connection: changes of a kind from a revision on.

use bytes::{Buf, BytesMut};
use http::Request;
use http_body_util::BodyExt;
use kinglet_model::Object;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::list::{decode, path};

/// How long the server may keep one watch open, in seconds; the value that client libraries use.
const TIMEOUT_SECONDS: u32 = 290;
/// Longest accepted event, in bytes: well above the largest object that an API server stores (1.5 MiB in etcd).
const LONGEST_EVENT: usize = 16 << 20;

/// One change of a kind.
pub(crate) enum Change<K> {
    /// Added or modified.
    Applied(K),
    /// Deleted.
    Deleted(K),
}

/// Why a watch ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    /// The revision is no longer in the server's history: list again.
    #[error("the resource version is too old")]
    Expired,
    /// The server reported an error inside the stream.
    #[error("{0}")]
    Server(String),
    /// The connection or the server failed.
    #[error(transparent)]
    Client(#[from] kube::Error),
    /// An event is not JSON, or longer than any object can be.
    #[error("malformed watch event: {0}")]
    Malformed(String),
}

#[derive(Deserialize)]
struct Event<'a> {
    r#type: Box<str>,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// An open watch.
pub(crate) struct Watch {
    body: Body,
    buffer: BytesMut,
    /// The revision up to which everything was seen; where the next watch continues.
    pub(crate) resource_version: String,
}

impl Watch {
    /// Opens a watch of all objects of a kind.
    pub(crate) async fn open<K: Object>(
        client: &Client,
        resource_version: String,
    ) -> Result<Self, WatchError> {
        let uri = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={TIMEOUT_SECONDS}&resourceVersion={resource_version}",
            path::<K>(),
        );
        let request = Request::get(uri)
            .body(Body::empty())
            .map_err(kube::Error::HttpError)?;
        let response = client.send(request).await?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            return Ok(Self {
                body,
                buffer: BytesMut::new(),
                resource_version,
            });
        }
        let text = body.collect_bytes().await?;
        Err(failure(status.as_u16(), &String::from_utf8_lossy(&text)))
    }

    /// The next change; `None` when the server ends the watch in good order.
    pub(crate) async fn next<K: Object>(&mut self) -> Result<Option<Change<K>>, WatchError> {
        loop {
            let Some(length) = self.line().await? else {
                return Ok(None);
            };
            let line = self.buffer.split_to(length);
            self.buffer.advance(1);
            if let Some(change) = self.interpret(&line)? {
                return Ok(Some(change));
            }
        }
    }

    /// Waits until the buffer begins with a whole line and tells its length.
    async fn line(&mut self) -> Result<Option<usize>, WatchError> {
        let mut searched = 0;
        loop {
            if let Some(at) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                return Ok(Some(searched + at));
            }
            searched = self.buffer.len();
            if searched > LONGEST_EVENT {
                return Err(WatchError::Malformed(format!(
                    "longer than {LONGEST_EVENT} bytes"
                )));
            }
            let Some(frame) = self.body.frame().await.transpose()? else {
                return Ok(None);
            };
            if let Ok(data) = frame.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }

    fn interpret<K: Object>(&mut self, line: &[u8]) -> Result<Option<Change<K>>, WatchError> {
        let event: Event<'_> =
            serde_json::from_slice(line).map_err(|error| WatchError::Malformed(error.to_string()))?;
        if event.r#type.as_ref() == "ERROR" {
            return Err(status_error(event.object));
        }
        if let Some(version) = resource_version(event.object) {
            self.resource_version = version;
        }
        Ok(match event.r#type.as_ref() {
            "ADDED" | "MODIFIED" => decode(event.object).map(Change::Applied),
            "DELETED" => decode(event.object).map(Change::Deleted),
            _ => None,
        })
    }
}

fn resource_version(object: &RawValue) -> Option<String> {
    #[derive(Deserialize)]
    struct Versioned {
        metadata: Version,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Version {
        resource_version: String,
    }
    let versioned: Versioned = serde_json::from_str(object.get()).ok()?;
    Some(versioned.metadata.resource_version)
}

#[derive(Deserialize)]
#[serde(default)]
struct Status {
    code: u16,
    message: String,
}

impl Default for Status {
    fn default() -> Self {
        Self {
            code: 500,
            message: "the server reported an error".to_owned(),
        }
    }
}

fn status_error(object: &RawValue) -> WatchError {
    let status: Status = serde_json::from_str(object.get()).unwrap_or_default();
    failure(status.code, &status.message)
}

fn failure(code: u16, message: &str) -> WatchError {
    if code == 410 {
        WatchError::Expired
    } else {
        WatchError::Server(format!("{code}: {message}"))
    }
}
