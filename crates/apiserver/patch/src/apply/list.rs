//! Lists whose items have names: by value, or by key fields.

use serde_json::{Map, Value};

use super::path::{PathElement, Scalar};
use super::types::{Identity, List};

impl List<'_> {
    /// The path element that names an item of an associative list.
    ///
    /// # Errors
    /// Says why the item cannot be named.
    pub(super) fn element(&self, item: &Value) -> Result<PathElement, String> {
        match &self.identity {
            Identity::None => Err("invalid indexing of non-associative list".into()),
            Identity::Value => match item {
                Value::Object(_) => {
                    Err("associative list without keys has an element that's a map type".into())
                }
                Value::Array(_) => Err("not supported: associative list with lists as elements".into()),
                Value::Null => {
                    Err("associative list without keys has an element that's an explicit null".into())
                }
                scalar => Ok(PathElement::Value(Scalar(scalar.clone()))),
            },
            Identity::Keys(keys) => match item {
                Value::Object(fields) => self.keyed(keys, fields),
                Value::Null => Err("associative list with keys may not have a null element".into()),
                _ => Err("associative list with keys may not have non-map elements".into()),
            },
        }
    }

    fn keyed(&self, keys: &[&str], fields: &Map<String, Value>) -> Result<PathElement, String> {
        let default = |key: &str| self.item.declaration(key)?.get("default");
        let found = keys.iter().filter_map(|key| {
            let value = fields.get(*key).or_else(|| default(key))?;
            Some(((*key).into(), Scalar(value.clone())))
        });
        let found: Vec<_> = found.collect();
        if found.is_empty() {
            let keys: Vec<_> = keys.iter().map(|key| format!("{key:?}")).collect();
            return Err(format!(
                "associative list with keys has an element that omits all key fields [{}] (and doesn't have default values for any key fields)",
                keys.join(" ")
            ));
        }
        Ok(PathElement::key(found))
    }
}
