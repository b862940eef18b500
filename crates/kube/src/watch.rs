//! A watch connection: changes of a kind from a revision on.

use std::time::Duration;

use bytes::{Buf, BytesMut};
use http::Request;
use http::header::ACCEPT;
use http_body_util::BodyExt;
use kube::Client;
use kube::client::Body;
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio::time::timeout;

use crate::feed::Sink;
use crate::list::Source;
use crate::pulse::Pulse;

/// How long the server may keep one watch open, in seconds; the value that client libraries use.
const TIMEOUT_SECONDS: u32 = 290;
/// Longest silence of a watch whose server sends bookmarks, which Kubernetes does about once a minute.
const SILENCE: Duration = Duration::from_secs(150);
/// Longest silence where it does not: the server should have ended the watch by then.
const SILENCE_WITHOUT_BOOKMARKS: Duration = Duration::from_secs(TIMEOUT_SECONDS as u64 + 30);
/// Longest accepted event, in bytes: well above the largest object that an API server stores (1.5 MiB in
/// etcd).
const LONGEST_EVENT: usize = 16 << 20;

/// Why a watch ended.
#[derive(Debug, thiserror::Error)]
pub(crate) enum WatchError {
    /// The revision is no longer in the server's history: list again.
    #[error("the resource version is too old")]
    Expired,
    /// Nothing came for so long that the server, or something on the way, must have forgotten the watch.
    #[error("nothing was heard for {0:?}")]
    Silent(Duration),
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
    /// Longest silence that is believed.
    patience: Duration,
    pulse: Pulse,
    /// The revision up to which everything was seen; where the next watch continues.
    pub(crate) resource_version: String,
}

impl Watch {
    /// Opens a watch of a collection.
    pub(crate) async fn open(
        client: &Client,
        source: &Source,
        resource_version: String,
        pulse: Pulse,
    ) -> Result<Self, WatchError> {
        // Bookmarks keep the revision fresh on quiet kinds: without them a watch that is opened again after
        // hours would be too old (410) and cost a whole list.
        let uri = format!(
            "{}?watch=true&allowWatchBookmarks=true&timeoutSeconds={TIMEOUT_SECONDS}&resourceVersion={resource_version}",
            source.path,
        );
        let request = Request::get(uri)
            .header(ACCEPT, source.accept())
            .body(Body::empty())
            .map_err(kube::Error::HttpError)?;
        let response = client.send(request).await?;
        let status = response.status();
        let body = response.into_body();
        if status.is_success() {
            pulse.beat();
            return Ok(Self {
                body,
                buffer: BytesMut::new(),
                patience: SILENCE_WITHOUT_BOOKMARKS,
                pulse,
                resource_version,
            });
        }
        let text = body.collect_bytes().await?;
        Err(failure(status.as_u16(), &String::from_utf8_lossy(&text)))
    }

    /// Waits for the next change and gives it to the sink; `false` when the server ends the watch in good
    /// order.
    pub(crate) async fn next(&mut self, sink: &mut dyn Sink) -> Result<bool, WatchError> {
        loop {
            let Some(length) = self.line().await? else {
                return Ok(false);
            };
            let line = self.buffer.split_to(length);
            // The line feed itself.
            self.buffer.advance(1);
            if self.interpret(&line, sink)? {
                return Ok(true);
            }
        }
    }

    /// Waits until the buffer begins with a whole line and tells its length.
    async fn line(&mut self) -> Result<Option<usize>, WatchError> {
        // Bytes that hold no line feed are not searched again when more arrive: an event of megabytes comes
        // in thousands of frames.
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
            // A connection can live while this stream of it is dead: a proxy that lost its own upstream
            // answers PINGs for ever.
            let frame = timeout(self.patience, self.body.frame()).await;
            let frame = frame.map_err(|_| WatchError::Silent(self.patience))?;
            // Half an event may be left at the end: the next watch begins behind the last whole one.
            let Some(frame) = frame.transpose()? else {
                return Ok(None);
            };
            self.pulse.beat();
            // Trailers carry nothing for a watch.
            if let Ok(data) = frame.into_data() {
                self.buffer.extend_from_slice(&data);
            }
        }
    }

    /// Takes an event in; whether it was a change of an object.
    fn interpret(&mut self, line: &[u8], sink: &mut dyn Sink) -> Result<bool, WatchError> {
        let event: Event<'_> =
            serde_json::from_slice(line).map_err(|error| WatchError::Malformed(error.to_string()))?;
        if event.r#type.as_ref() == "ERROR" {
            return Err(status_error(event.object));
        }
        // Before the object is decoded: one that does not decode must not be sent again and again.
        if let Some(version) = resource_version(event.object) {
            self.resource_version = version;
        }
        match event.r#type.as_ref() {
            "ADDED" | "MODIFIED" => sink.applied(event.object),
            "DELETED" => sink.deleted(event.object),
            "BOOKMARK" => {
                self.patience = SILENCE;
                return Ok(false);
            }
            // A type that is not known yet: only its revision counts.
            _ => return Ok(false),
        }
        Ok(true)
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
