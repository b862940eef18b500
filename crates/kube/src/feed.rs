//! Where the objects of a followed collection go: decoded here, because only here their type is known.

use std::sync::Arc;

use serde_json::value::RawValue;

use crate::list::{Decode, decode};

/// News of a collection, in the order in which it happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Feed<T> {
    /// All objects that exist now; what was known before and is not among them is gone.
    Listed(Vec<T>),
    /// An object is new or has changed.
    Applied(T),
    /// An object is gone; its last state.
    Deleted(T),
}

/// Takes the objects of a collection as text. What follows a collection knows no more of their type, so that
/// it is compiled once and not for each of the kinds: that is several hundred kilobytes of machine code.
pub(crate) trait Sink: Send {
    /// A list begins. What a list before it gave is void unless it came to its end.
    fn begin(&mut self);

    /// Objects of the list.
    fn page(&mut self, objects: &[&RawValue]);

    /// The list is complete.
    fn end(&mut self);

    /// An object is new or has changed.
    fn applied(&mut self, object: &RawValue);

    /// An object is gone.
    fn deleted(&mut self, object: &RawValue);
}

/// A sink that decodes. Objects that do not decode are logged and left out: one bad object must not hide the
/// others.
pub(crate) struct Decoder<T, F> {
    kind: Arc<str>,
    decode: Decode<T>,
    /// What the present list has given so far.
    listed: Vec<T>,
    take: F,
}

impl<T, F: FnMut(Feed<T>)> Decoder<T, F> {
    /// Gives decoded objects of a kind to `take`.
    pub(crate) fn new(kind: &Arc<str>, decode: Decode<T>, take: F) -> Self {
        Self {
            kind: kind.clone(),
            decode,
            listed: Vec::new(),
            take,
        }
    }
}

impl<T: Send, F: FnMut(Feed<T>) + Send> Sink for Decoder<T, F> {
    fn begin(&mut self) {
        self.listed = Vec::new();
    }

    fn page(&mut self, objects: &[&RawValue]) {
        let decoded = objects
            .iter()
            .filter_map(|object| decode(&self.kind, object, self.decode));
        self.listed.extend(decoded);
    }

    fn end(&mut self) {
        (self.take)(Feed::Listed(std::mem::take(&mut self.listed)));
    }

    fn applied(&mut self, object: &RawValue) {
        if let Some(object) = decode(&self.kind, object, self.decode) {
            (self.take)(Feed::Applied(object));
        }
    }

    fn deleted(&mut self, object: &RawValue) {
        if let Some(object) = decode(&self.kind, object, self.decode) {
            (self.take)(Feed::Deleted(object));
        }
    }
}
