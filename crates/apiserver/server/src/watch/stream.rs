//! The course of a watch.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use futures::Stream;
use tokio::time::{Instant, sleep_until};

use super::encode::Encoder;
use super::options::{Start, WatchOptions};
use crate::error::ApiError;
use crate::store::{Event, Stored};

/// Time between bookmarks, as in Kubernetes.
const BOOKMARK_EVERY: Duration = Duration::from_secs(60);
/// Events encoded into one chunk at most.
const BATCH: usize = 64;

/// A running watch.
pub(super) struct Watch {
    encoder: Encoder,
    options: WatchOptions,
    /// Objects still to be sent as `ADDED`.
    initial: VecDeque<Arc<Stored>>,
    initial_done: bool,
    /// Everything up to this revision was sent.
    position: u64,
    changed: tokio::sync::watch::Receiver<u64>,
    deadline: Instant,
    next_bookmark: Instant,
    ended: bool,
}

impl Watch {
    pub(super) fn new(
        encoder: Encoder,
        options: WatchOptions,
        initial: Vec<Arc<Stored>>,
        position: u64,
        changed: tokio::sync::watch::Receiver<u64>,
    ) -> Self {
        let now = Instant::now();
        Self {
            deadline: now + options.timeout,
            next_bookmark: now + BOOKMARK_EVERY,
            initial_done: options.start != Start::WithState,
            encoder,
            options,
            initial: initial.into(),
            position,
            changed,
            ended: false,
        }
    }

    /// The chunks of the answer's body.
    pub(super) fn into_stream(self) -> impl Stream<Item = Bytes> + Send {
        futures::stream::unfold(self, |mut watch| async move {
            let chunk = watch.next().await?;
            Some((chunk, watch))
        })
    }

    async fn next(&mut self) -> Option<Bytes> {
        if self.ended {
            return None;
        }
        if !self.initial_done
            && let Some(chunk) = self.next_initial()
        {
            return Some(chunk);
        }
        let stop = self.encoder.call.server.stop.clone();
        loop {
            // Before the changes: a collection that has always news would never come to the timers below.
            let now = Instant::now();
            if now >= self.deadline || stop.is_cancelled() {
                return self.last();
            }
            if self.options.bookmarks && now >= self.next_bookmark {
                return Some(self.bookmark());
            }
            // Marked before the look, so that a change after it wakes the watch.
            self.changed.mark_unchanged();
            if let Some(chunk) = self.next_events() {
                return Some(chunk);
            }
            tokio::select! {
                changed = self.changed.changed() => changed.ok()?,
                () = sleep_until(self.next_bookmark), if self.options.bookmarks => return Some(self.bookmark()),
                () = sleep_until(self.deadline) => return self.last(),
                () = stop.cancelled() => return self.last(),
            }
        }
    }

    /// Objects that were there when the watch began, then the mark of their end.
    fn next_initial(&mut self) -> Option<Bytes> {
        let mut chunk = BytesMut::new();
        for stored in self.initial.drain(..self.initial.len().min(BATCH)) {
            chunk.extend_from_slice(&self.encoder.object("ADDED", &stored));
        }
        if self.initial.is_empty() {
            self.initial_done = true;
            if self.options.mark_initial_end {
                chunk.extend_from_slice(&self.encoder.bookmark(self.position, true));
            }
        }
        (!chunk.is_empty()).then(|| chunk.freeze())
    }

    /// Changes since the last look, if there are any that concern the watch.
    fn next_events(&mut self) -> Option<Bytes> {
        let mut chunk = BytesMut::new();
        loop {
            let call = &self.encoder.call;
            let Ok(batch) = call
                .server
                .store
                .events_after(&call.kind.collection, self.position, BATCH)
            else {
                // HTTP has answered 200 long ago: the error can only be an event. Clients list anew then.
                self.ended = true;
                let error = ApiError::too_old(self.position, call.server.store.revision());
                return Some(Encoder::error(&error));
            };
            let more = batch.events.len() == BATCH;
            // Also when no event concerns the watch: otherwise its position would be compacted in the end.
            self.position = batch.position;
            for event in &batch.events {
                if let Some(line) = self.event(event) {
                    chunk.extend_from_slice(&line);
                }
            }
            if !chunk.is_empty() || !more {
                return (!chunk.is_empty()).then(|| chunk.freeze());
            }
        }
    }

    /// What an event is for this watch: objects come into its selection and leave it.
    fn event(&mut self, event: &Event) -> Option<Bytes> {
        let kind = &self.encoder.call.kind;
        let selected = |stored: &Stored| self.options.selection.matches(kind, stored);
        let before = event.previous.as_deref().is_some_and(selected);
        let now = !event.deleted && selected(&event.object);
        match (before, now) {
            (false, true) => Some(self.encoder.object("ADDED", &event.object)),
            (true, true) => Some(self.encoder.object("MODIFIED", &event.object)),
            (true, false) => {
                // An object that leaves the selection is shown as it was in it.
                let left = event.previous.as_ref().filter(|_| !event.deleted);
                let last = left.and_then(|previous| previous.at_revision(event.revision));
                Some(
                    self.encoder
                        .object("DELETED", last.as_ref().unwrap_or(&event.object)),
                )
            }
            (false, false) => None,
        }
    }

    fn bookmark(&mut self) -> Bytes {
        self.next_bookmark = Instant::now() + BOOKMARK_EVERY;
        self.encoder.bookmark(self.position, false)
    }

    /// Ends the watch, with a bookmark from which the client resumes.
    fn last(&mut self) -> Option<Bytes> {
        self.ended = true;
        self.options.bookmarks.then(|| self.bookmark())
    }
}
