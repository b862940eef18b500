//! The only writer: a thread that commits proposals in groups.
//!
//! It takes all proposals that wait, checks each against the state and those before it in the group, commits them in one transaction,
//! publishes them, and only then answers. Under load one disk flush serves many writes.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use serde_json::Value;
use tokio::sync::oneshot;

use super::disk::Disk;
use super::history::Event;
use super::object::{Key, Stored};
use super::state::State;

/// Proposals committed together at most: bounds the time that one commit takes.
const GROUP: usize = 512;

/// What must hold of the object for a change to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Expected {
    /// It does not exist.
    Absent,
    /// Its last change was this revision.
    Revision(u64),
}

/// A change of one object.
#[derive(Debug)]
pub(crate) enum Change {
    /// The new state.
    Put(Value),
    /// The object goes; watches are shown its last stored state.
    Delete,
}

/// Why a change did not happen.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum WriteError {
    /// An object of this name exists.
    #[error("the object exists already")]
    Exists,
    /// There is no such object.
    #[error("the object does not exist")]
    Missing,
    /// The object was changed in between.
    #[error("the object has been modified")]
    Conflict,
    /// The disk failed; nothing is changed.
    #[error("the store cannot write: {0}")]
    Disk(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// A change waiting to be committed.
pub(crate) struct Proposal {
    pub(crate) key: Key,
    pub(crate) expected: Expected,
    pub(crate) change: Change,
    pub(crate) answer: oneshot::Sender<Result<Arc<Stored>, WriteError>>,
}

pub(super) enum Message {
    Write(Box<Proposal>),
    Stop,
}

/// A proposal that was found good, not yet committed.
struct Accepted {
    key: Key,
    event: Event,
    answer: oneshot::Sender<Result<Arc<Stored>, WriteError>>,
}

/// Starts the writer. It ends at [`Message::Stop`] or when all senders are gone; the handle is for waiting.
pub(super) fn start(
    state: Arc<RwLock<State>>,
    disk: Option<Disk>,
) -> std::io::Result<(Sender<Message>, thread::JoinHandle<()>)> {
    let (sender, messages) = channel();
    let handle = thread::Builder::new()
        .name("apiserver-store".into())
        .spawn(move || run(&state, disk.as_ref(), &messages))?;
    Ok((sender, handle))
}

fn run(state: &RwLock<State>, disk: Option<&Disk>, messages: &Receiver<Message>) {
    while let Ok(first) = messages.recv() {
        let mut group = Vec::new();
        let mut next = Some(first);
        let mut stop = false;
        while let Some(message) = next {
            match message {
                Message::Write(proposal) => group.push(*proposal),
                Message::Stop => stop = true,
            }
            next = if stop || group.len() >= GROUP {
                None
            } else {
                messages.try_recv().ok()
            };
        }
        commit(state, disk, group);
        if stop {
            return;
        }
    }
}

fn commit(state: &RwLock<State>, disk: Option<&Disk>, group: Vec<Proposal>) {
    let (accepted, revision) = examine(state, group);
    if accepted.is_empty() {
        return;
    }
    if let Some(disk) = disk {
        let rows: Vec<_> = accepted
            .iter()
            .map(|one| (&one.key, (!one.event.deleted).then_some(&*one.event.object)))
            .collect();
        if let Err(error) = disk.commit(revision, &rows) {
            tracing::error!(%error, "the API server's store cannot write");
            let error = WriteError::Disk(error.to_string());
            for one in accepted {
                let _gone = one.answer.send(Err(error.clone()));
            }
            return;
        }
    }
    let mut answers = Vec::with_capacity(accepted.len());
    {
        let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
        for Accepted { key, event, answer } in accepted {
            answers.push((answer, event.object.clone()));
            state.apply(&key.collection, event);
        }
    }
    for (answer, stored) in answers {
        let _gone = answer.send(Ok(stored));
    }
}

/// Checks proposals in order, each against the state that those before it lead to. Bad ones are answered at once.
fn examine(state: &RwLock<State>, group: Vec<Proposal>) -> (Vec<Accepted>, u64) {
    let state = state.read().unwrap_or_else(PoisonError::into_inner);
    let mut revision = state.revision();
    let mut overlay: HashMap<Key, Option<Arc<Stored>>> = HashMap::new();
    let mut accepted = Vec::with_capacity(group.len());
    for proposal in group {
        let current = match overlay.get(&proposal.key) {
            Some(pending) => pending.clone(),
            None => state.get(&proposal.key).cloned(),
        };
        match event(
            &proposal.key,
            proposal.expected,
            proposal.change,
            current,
            revision + 1,
        ) {
            Ok(event) => {
                revision += 1;
                overlay.insert(
                    proposal.key.clone(),
                    (!event.deleted).then(|| event.object.clone()),
                );
                accepted.push(Accepted {
                    key: proposal.key,
                    event,
                    answer: proposal.answer,
                });
            }
            Err(error) => {
                let _gone = proposal.answer.send(Err(error));
            }
        }
    }
    (accepted, revision)
}

fn event(
    key: &Key,
    expected: Expected,
    change: Change,
    current: Option<Arc<Stored>>,
    revision: u64,
) -> Result<Event, WriteError> {
    match (expected, &current) {
        (Expected::Absent, None) => {}
        (Expected::Absent, Some(_)) => return Err(WriteError::Exists),
        (Expected::Revision(_), None) => return Err(WriteError::Missing),
        (Expected::Revision(wanted), Some(current)) if current.revision != wanted => {
            return Err(WriteError::Conflict);
        }
        (Expected::Revision(_), Some(_)) => {}
    }
    let (object, deleted) = match change {
        Change::Put(object) => (object, false),
        Change::Delete => (current.as_ref().map(|one| one.value()).unwrap_or_default(), true),
    };
    let object = Stored::encode(key.name.clone(), revision, object)
        .map_err(|error| WriteError::Disk(error.to_string()))?;
    Ok(Event {
        revision,
        object: Arc::new(object),
        previous: current,
        deleted,
    })
}
