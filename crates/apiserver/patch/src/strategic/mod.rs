//! Strategic merge patch: a merge patch that knows how lists merge, by the schema
//! (`x-kubernetes-patch-strategy` and `x-kubernetes-patch-merge-key`), and that obeys directives in the
//! patch:
//!
//! | directive | in | meaning |
//! | --- | --- | --- |
//! | `$patch: replace` or `delete` | a map | the map is replaced, or emptied |
//! | `$patch: delete` with the merge key | an item of a list | the item is removed |
//! | `$patch: replace` | an item of a list | the whole list is replaced by the other items |
//! | `$retainKeys: [...]` | a map | all other keys are removed first |
//! | `$setElementOrder/<list>: [...]` | a map | the order of the items of the list |
//! | `$deleteFromPrimitiveList/<list>: [...]` | a map | values to remove from a list of scalars |
//!
//! The results, orders and messages are those of `k8s.io/apimachinery/pkg/util/strategicpatch`.

mod directive;
mod field;
mod list;
mod map;
mod order;
#[cfg(test)]
mod tests;

use kinglet_api_schema::Schema;
use serde_json::Value;

use self::directive::Object;
use crate::error::{PatchError, json_type};

/// Applies a strategic merge patch.
///
/// A field that the schema does not know merges when it is a map and is replaced otherwise. `null`s that the
/// patch places inside of new list items stay, as in Kubernetes; decoding by type drops them there.
///
/// # Errors
/// [`PatchError::Malformed`] for directives of a wrong form, [`PatchError::Rejected`] for lists of lists, and
/// [`PatchError::Contradictory`] for anything else that cannot be merged, for instance a list item without
/// its merge key.
pub fn strategic(document: &Value, patch: &Value, schema: Schema<'_>) -> Result<Value, PatchError> {
    let Value::Object(original) = document else {
        return Err(PatchError::Malformed("invalid JSON document".into()));
    };
    let patch = match patch {
        Value::Object(patch) => patch.clone(),
        Value::Null => Object::new(),
        other => {
            return Err(PatchError::Malformed(format!(
                "error decoding patch: json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
                json_type(other)
            )));
        }
    };
    map::merge(original.clone(), patch, Some(schema)).map(Value::Object)
}
