//! Defaults follow their own schema.

use serde_json::Value;

use super::{Check, children};
use crate::structural::validate::Validator;
use crate::{Definitions, Schema};

impl Check {
    /// The defaults of a schema and of all below it.
    pub(super) fn defaults(&mut self, node: &Value) {
        if let Some(default) = node.get("default").filter(|default| !default.is_null()) {
            let definitions = Definitions::new();
            let outcome = Validator::default().node(Schema::new(node, &definitions), default);
            let at = self.key("default");
            self.errors.extend(outcome.errors.into_iter().map(|mut error| {
                error.field = match error.field.as_str() {
                    "" => at.clone(),
                    below => format!("{at}.{below}"),
                };
                error
            }));
        }
        for (step, below) in children(node) {
            self.at(step, |check| check.defaults(below));
        }
    }
}
