//! Reading and completing objects held as JSON. Paths are dotted, `spec.ports`; a missing field, `null` and a
//! field of another type read as empty, because the schema has already judged the types.

use serde_json::{Map, Value};

static NULL: Value = Value::Null;

/// Reading.
pub(crate) trait Json {
    /// The value at a path; null when missing.
    fn at(&self, path: &str) -> &Value;

    /// Text at a path; empty when missing.
    fn text(&self, path: &str) -> &str {
        self.at(path).as_str().unwrap_or_default()
    }

    /// Integer at a path; 0 when missing, like an unset integer of the API.
    fn int(&self, path: &str) -> i64 {
        self.at(path).as_i64().unwrap_or_default()
    }

    /// Whether the flag at a path is set.
    fn flag(&self, path: &str) -> bool {
        self.at(path).as_bool().unwrap_or_default()
    }

    /// List at a path; empty when missing.
    fn list(&self, path: &str) -> &[Value] {
        self.at(path).as_array().map_or(&[], Vec::as_slice)
    }

    /// Texts of the list at a path.
    fn texts(&self, path: &str) -> Vec<&str> {
        self.list(path).iter().filter_map(Value::as_str).collect()
    }

    /// Entries of the map at a path, in the order of their keys.
    fn entries<'a>(&'a self, path: &str) -> Box<dyn Iterator<Item = (&'a str, &'a Value)> + 'a> {
        match self.at(path).as_object() {
            Some(map) => Box::new(map.iter().map(|(key, value)| (key.as_str(), value))),
            None => Box::new(std::iter::empty()),
        }
    }

    /// Whether a value is at a path.
    fn has(&self, path: &str) -> bool {
        !self.at(path).is_null()
    }

    /// An annotation's value.
    fn annotation(&self, key: &str) -> Option<&str>;
}

impl Json for Value {
    fn at(&self, path: &str) -> &Value {
        let mut value = self;
        for key in path.split('.') {
            match value.get(key) {
                Some(next) => value = next,
                None => return &NULL,
            }
        }
        value
    }

    fn annotation(&self, key: &str) -> Option<&str> {
        self.at("metadata.annotations").get(key)?.as_str()
    }
}

/// Completing.
pub(crate) trait JsonMut {
    /// The value at a path, if it is there.
    fn at_mut(&mut self, path: &str) -> Option<&mut Value>;

    /// Sets the value at a path, and makes the objects on the way. Nothing happens where something else than
    /// an object is on the way.
    fn put(&mut self, path: &str, value: impl Into<Value>);

    /// Sets the value at a path if nothing, `null` or an empty text is there.
    fn fill(&mut self, path: &str, value: impl Into<Value>);

    /// Removes the value at a path.
    fn drop_field(&mut self, path: &str) -> Option<Value>;

    /// Calls for every element of the list at a path.
    fn each(&mut self, path: &str, change: impl FnMut(&mut Value));
}

impl JsonMut for Value {
    fn at_mut(&mut self, path: &str) -> Option<&mut Value> {
        let mut value = self;
        for key in path.split('.') {
            value = value.get_mut(key)?;
        }
        (!value.is_null()).then_some(value)
    }

    fn put(&mut self, path: &str, value: impl Into<Value>) {
        if let Some((map, key)) = parent(self, path) {
            map.insert(key.to_owned(), value.into());
        }
    }

    fn fill(&mut self, path: &str, value: impl Into<Value>) {
        if is_unset(self.at(path)) {
            self.put(path, value);
        }
    }

    fn drop_field(&mut self, path: &str) -> Option<Value> {
        match path.rsplit_once('.') {
            Some((parent, key)) => self.at_mut(parent)?.as_object_mut()?.remove(key),
            None => self.as_object_mut()?.remove(path),
        }
    }

    fn each(&mut self, path: &str, change: impl FnMut(&mut Value)) {
        if let Some(list) = self.at_mut(path).and_then(Value::as_array_mut) {
            list.iter_mut().for_each(change);
        }
    }
}

/// The object that holds the last part of a path, made if need be, and that part.
fn parent<'a, 'p>(root: &'a mut Value, path: &'p str) -> Option<(&'a mut Map<String, Value>, &'p str)> {
    let Some((parents, key)) = path.rsplit_once('.') else {
        return Some((root.as_object_mut()?, path));
    };
    let mut value = root;
    for step in parents.split('.') {
        value = value.as_object_mut()?.entry(step).or_insert(Value::Null);
        if value.is_null() {
            *value = Value::Object(Map::new());
        }
    }
    Some((value.as_object_mut()?, key))
}

/// Whether a value counts as not given: the API does not tell an empty text from a missing one.
pub(crate) fn is_unset(value: &Value) -> bool {
    value.is_null() || value.as_str() == Some("")
}
