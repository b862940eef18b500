//! Answers with a container's log, as it grows when that is wanted.

use std::path::PathBuf;

use http::Response;
use http_body_util::{BodyExt, StreamBody};
use hyper::body::{Bytes, Frame};
use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, mpsc};

use super::answer::{Body, Refusal};
use crate::kubelet::log::{self, Reader, Wanted};
use crate::kubelet::output::Chunk;
use crate::kubelet::pods::Found;
use crate::kubelet::state::{ContainerState, Phase};

/// How many pieces may wait for the client.
const WAITING: usize = 4;

/// The log of a container; of its last but one start with `previous`.
pub(super) fn logs(
    found: &Found,
    container: &str,
    wanted: Wanted,
    follow: bool,
    previous: bool,
) -> Result<Response<Body>, Refusal> {
    let path = file(found, container, previous)?;
    // Before the log is opened: nothing is missed between its end and the first word.
    let console = found
        .sandbox
        .as_ref()
        .and_then(|sandbox| sandbox.consoles.get(container));
    let changes = console
        .filter(|_| follow && !previous)
        .and_then(|console| console.listen());
    let reader = Reader::open(&path, wanted)
        .map_err(|error| Refusal::internal(format!("log of container {container:?}: {error}")))?;
    let (sender, mut pieces) = mpsc::channel(WAITING);
    tokio::spawn(send(reader, changes, sender));
    let pieces = futures::stream::poll_fn(move |context| pieces.poll_recv(context));
    let frames = futures::StreamExt::map(pieces, |piece| Ok(Frame::data(piece)));
    let mut response = Response::new(StreamBody::new(frames).boxed_unsync());
    let text = http::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(http::header::CONTENT_TYPE, text);
    Ok(response)
}

/// The log's file, as a kubelet chooses it: a container that waits shows its last start.
fn file(found: &Found, container: &str, previous: bool) -> Result<PathBuf, Refusal> {
    let pod = &*found.pod.metadata.name;
    let state = found.state.named(container).ok_or_else(|| {
        Refusal::not_found(format!(
            "container {container:?} of pod {pod:?} is not on this node"
        ))
    })?;
    let path = |restarts| log::path(&found.directory, container, restarts);
    let missing = || missing(pod, container, &state, previous);
    let waits = matches!(state.phase, Phase::Waiting { .. });
    let path = match (previous, waits) {
        // What waits has not begun its next start.
        (true, true) if state.restarts == 0 && state.last.is_none() => return Err(missing()),
        (true, false) => path(state.restarts.checked_sub(1).ok_or_else(missing)?),
        _ => path(state.restarts),
    };
    if path.exists() { Ok(path) } else { Err(missing()) }
}

fn missing(pod: &str, container: &str, state: &ContainerState, previous: bool) -> Refusal {
    if previous {
        return Refusal::bad_request(format!(
            "previous terminated container {container:?} in pod {pod:?} not found"
        ));
    }
    let why = match &state.phase {
        Phase::Waiting { reason, .. } => reason,
        _ => "ContainerCreating",
    };
    Refusal::bad_request(format!(
        "container {container:?} in pod {pod:?} is waiting to start: {why}"
    ))
}

/// Sends what is there, and what comes until the container ends or the client leaves.
async fn send(mut reader: Reader, changes: Option<broadcast::Receiver<Chunk>>, to: mpsc::Sender<Bytes>) {
    let mut changes = changes;
    loop {
        // What is read after the end of the changes is complete.
        let last = match &mut changes {
            None => true,
            Some(changes) if changes.is_closed() && changes.is_empty() => true,
            Some(_) => false,
        };
        if !send_present(&mut reader, &to).await || last || reader.is_over() {
            return;
        }
        if let Some(changes) = &mut changes {
            tokio::select! {
                change = changes.recv() => match change {
                    Ok(_) | Err(RecvError::Lagged(_) | RecvError::Closed) => {}
                },
                () = to.closed() => return,
            }
        }
    }
}

async fn send_present(reader: &mut Reader, to: &mpsc::Sender<Bytes>) -> bool {
    loop {
        match reader.read() {
            Ok(piece) if piece.is_empty() => return true,
            Ok(piece) => {
                if to.send(piece.into()).await.is_err() {
                    return false;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "a container's log cannot be read");
                return false;
            }
        }
    }
}
