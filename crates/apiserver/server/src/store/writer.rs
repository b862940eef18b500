//! The only writer: a thread that commits proposals in groups.
//!
//! It takes all proposals that wait, checks each against the state and those before it in the group, commits
//! them in one transaction, publishes them, and only then answers: also those that it refuses, so that
//! whoever lost against another of the group sees that one. Under load one disk flush serves many writes.

use std::collections::HashMap;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

use serde_json::Value;
use tokio::sync::oneshot;

use super::durable::{Durable, Group, Problem};
use super::history::Event;
use super::object::{Key, Stored};
use super::state::State;

/// Proposals committed together at most: bounds the time that one commit takes.
const LARGEST_GROUP: usize = 512;

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
    /// The disk fails or is full. Nothing is changed, unless the failure came after the write: then the
    /// change shows when the disk works again.
    #[error("the store cannot write: {}", .0.message)]
    Disk(Problem),
    /// The object cannot be encoded.
    #[error("the store cannot encode the object: {0}")]
    Encode(String),
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
}

/// A change waiting to be committed.
pub(crate) struct Proposal {
    pub(crate) key: Key,
    pub(crate) expected: Expected,
    pub(crate) change: Change,
    pub(crate) answer: oneshot::Sender<Answer>,
}

pub(super) enum Message {
    Write(Box<Proposal>),
    Stop,
}

type Answer = Result<Arc<Stored>, WriteError>;

/// What was found out about a group of proposals.
struct Examined {
    /// What is to be committed.
    events: Vec<(Key, Event)>,
    /// The last revision of these.
    revision: u64,
    /// What each proposal is told when that has happened.
    answers: Vec<(oneshot::Sender<Answer>, Answer)>,
}

/// Starts the writer. It ends at [`Message::Stop`] or when all senders are gone; the handle is for waiting.
pub(super) fn start(
    state: Arc<RwLock<State>>,
    durable: Option<Durable>,
) -> std::io::Result<(Sender<Message>, thread::JoinHandle<()>)> {
    let (sender, messages) = channel();
    let handle = thread::Builder::new()
        .name("apiserver-store".into())
        .spawn(move || run(&state, durable, &messages))?;
    Ok((sender, handle))
}

fn run(state: &RwLock<State>, mut durable: Option<Durable>, messages: &Receiver<Message>) {
    loop {
        let first = match durable.as_ref().and_then(Durable::due) {
            None => messages.recv().map_err(RecvTimeoutError::from),
            // Without a write, too: readiness must not wait for one.
            Some(pause) => messages.recv_timeout(pause),
        };
        recover(state, durable.as_mut());
        let first = match first {
            Ok(first) => first,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let mut group = Vec::new();
        let mut next = Some(first);
        let mut stop = false;
        while let Some(message) = next {
            match message {
                Message::Write(proposal) => group.push(*proposal),
                Message::Stop => stop = true,
            }
            next = if stop || group.len() >= LARGEST_GROUP {
                // What comes after the stop is refused by the closed channel.
                None
            } else {
                messages.try_recv().ok()
            };
        }
        // Before the stop is obeyed: whoever sent these got no error and waits for an answer.
        commit(state, durable.as_mut(), group);
        if stop {
            return;
        }
    }
}

/// Opens the database again when it has failed, and publishes what is on disk although its commit failed.
fn recover(state: &RwLock<State>, durable: Option<&mut Durable>) {
    let revision = state.read().unwrap_or_else(PoisonError::into_inner).revision();
    if let Some(found) = durable.and_then(|durable| durable.recover(revision)) {
        publish(state, found);
    }
}

fn publish(state: &RwLock<State>, group: Group) {
    // Reads wait only for this, not for the disk.
    let mut state = state.write().unwrap_or_else(PoisonError::into_inner);
    for (key, event) in group {
        state.apply(&key.collection, event);
    }
}

fn commit(state: &RwLock<State>, durable: Option<&mut Durable>, group: Vec<Proposal>) {
    let Examined {
        events,
        revision,
        answers,
    } = examine(state, group);
    // The disk first: a revision that a watch has shown must not be lost with the power.
    let written = write(durable, revision, events).map(|written| publish(state, written));
    for (sender, answer) in answers {
        // When the disk failed nobody has won: those that were refused because of another of the group, too,
        // are told of the disk. A client that is gone does not wait for its answer.
        let _gone = sender.send(written.clone().and(answer));
    }
}

/// Writes a group and gives it back, to be published.
fn write(durable: Option<&mut Durable>, revision: u64, group: Group) -> Result<Group, WriteError> {
    match durable {
        // A group of refusals costs no flush.
        Some(durable) if !group.is_empty() => durable.commit(revision, group).map_err(WriteError::Disk),
        _ => Ok(group),
    }
}

/// Checks proposals in order, each against the state that those before it lead to.
fn examine(state: &RwLock<State>, group: Vec<Proposal>) -> Examined {
    let state = state.read().unwrap_or_else(PoisonError::into_inner);
    let mut revision = state.revision();
    // What the group leads to so far: of two changes that expect the same revision the second one is refused.
    let mut overlay: HashMap<Key, Option<Arc<Stored>>> = HashMap::new();
    let (mut events, mut answers) = (Vec::with_capacity(group.len()), Vec::with_capacity(group.len()));
    for Proposal {
        key,
        expected,
        change,
        answer,
    } in group
    {
        let current = match overlay.get(&key) {
            Some(pending) => pending.clone(),
            None => state.get(&key).cloned(),
        };
        match event(&key, expected, change, current, revision + 1) {
            Ok(event) => {
                revision += 1;
                overlay.insert(key.clone(), (!event.deleted).then(|| event.object.clone()));
                answers.push((answer, Ok(event.object.clone())));
                events.push((key, event));
            }
            Err(error) => answers.push((answer, Err(error))),
        }
    }
    Examined {
        events,
        revision,
        answers,
    }
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
        // A watch shows a deleted object as it was, with the revision of the deletion, as Kubernetes does.
        Change::Delete => (current.as_ref().map(|one| one.value()).unwrap_or_default(), true),
    };
    let object = Stored::encode(key.name.clone(), revision, object)
        .map_err(|error| WriteError::Encode(error.to_string()))?;
    Ok(Event {
        revision,
        object: Arc::new(object),
        previous: current,
        deleted,
    })
}
