//! Watch: the changes of a collection as a stream of JSON lines.
//!
//! A watch has no queue of its own. It remembers the revision up to which it has seen everything and reads on
//! from the collection's history whenever it is woken; a client that reads too slowly finds its position
//! compacted and is cut off with 410.

mod encode;
mod options;
mod stream;

use std::sync::Arc;

use crate::error::ApiError;
use crate::http::{Answer, Encoding, Payload, stream as body_stream};
use crate::store::Stored;
use crate::verbs::Call;

use encode::Encoder;
use options::{Start, WatchOptions};
use stream::Watch;

/// Answers a watch. A compacted revision is reported by the first event, as in Kubernetes.
pub(crate) fn watch(call: Call) -> Result<Answer, ApiError> {
    let options = WatchOptions::read(&call)?;
    if call.accept.encoding != Encoding::Json {
        let message = "only the following media types are accepted: application/json;stream=watch";
        return Err(ApiError::new(406, "NotAcceptable", message));
    }
    let store = &call.server.store;
    let collection = call.kind.collection.clone();
    // Subscribed before the first look, so that no change falls in between.
    let changed = store.subscribe(&collection);
    let (initial, position) = match options.start {
        Start::After(revision) => (Vec::new(), revision),
        Start::Now => (Vec::new(), store.revision()),
        Start::WithState => {
            let listing = store.list(&collection, call.namespace.as_deref(), None);
            let listing = listing.map_err(|_| ApiError::internal("the latest revision is compacted"))?;
            (selected(&call, &options, listing.objects), listing.revision)
        }
    };
    let watch = Watch::new(Encoder::new(call), options, initial, position, changed);
    Ok(Answer::ok(Payload::Watch(body_stream(watch.into_stream()))))
}

fn selected(call: &Call, options: &WatchOptions, mut objects: Vec<Arc<Stored>>) -> Vec<Arc<Stored>> {
    objects.retain(|stored| options.selection.matches(&call.kind, stored));
    objects
}
