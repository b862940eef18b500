//! Who owns what: `metadata.managedFields`.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::reconcile::reconciled;
use super::set::FieldSet;
use super::types::Type;

/// Most entries of `Update` managers; the oldest ones merge into one.
const MOST_UPDATE_MANAGERS: usize = 10;
/// The manager of merged entries.
const ANCIENT: &str = "ancient-changes";

/// How a manager came to its fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Operation {
    Apply,
    Update,
}

/// What tells two entries apart. The version does not for appliers: they apply in one version at a time.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Manager {
    pub(super) name: String,
    pub(super) operation: Operation,
    /// Empty for appliers.
    pub(super) api_version: String,
    pub(super) subresource: String,
}

/// What a manager owns.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) fields: FieldSet,
    pub(super) api_version: String,
    /// RFC 3339; when the manager last changed anything.
    pub(super) time: Option<String>,
}

/// All entries of an object.
#[derive(Clone, Debug, Default)]
pub(super) struct Managers(pub(super) BTreeMap<Manager, Entry>);

impl Manager {
    /// The identity of an entry; `unknown` for no name.
    pub(super) fn new(name: &str, operation: Operation, api_version: &str, subresource: &str) -> Self {
        let name = if name.is_empty() { "unknown" } else { name };
        let api_version = match operation {
            Operation::Apply => "",
            Operation::Update => api_version,
        };
        Self {
            name: name.to_owned(),
            operation,
            api_version: api_version.to_owned(),
            subresource: subresource.to_owned(),
        }
    }
}

impl Entry {
    /// An entry without fields and time.
    pub(super) fn new(api_version: &str) -> Self {
        Self {
            fields: FieldSet::default(),
            api_version: api_version.to_owned(),
            time: None,
        }
    }
}

impl Managers {
    /// Reads `metadata.managedFields`. `None` when an entry is malformed.
    pub(super) fn decode(list: &[Value]) -> Option<Self> {
        let mut managers = Self::default();
        for entry in list {
            let text = |key: &str| entry.get(key).and_then(Value::as_str).unwrap_or_default();
            let operation = match text("operation") {
                "Apply" => Operation::Apply,
                "Update" => Operation::Update,
                _ => return None,
            };
            if text("apiVersion").is_empty() || text("fieldsType") != "FieldsV1" {
                return None;
            }
            let fields = match entry.get("fieldsV1") {
                None | Some(Value::Null) => FieldSet::default(),
                Some(fields) => FieldSet::decode(fields)?,
            };
            let api_version = text("apiVersion").to_owned();
            let id = Manager {
                name: text("manager").to_owned(),
                ..Manager::new("", operation, &api_version, text("subresource"))
            };
            let time = entry.get("time").and_then(Value::as_str).map(str::to_owned);
            let entry = Entry {
                fields,
                api_version,
                time,
            };
            managers.0.insert(id, entry);
        }
        Some(managers)
    }

    /// `metadata.managedFields`, ordered by operation, time and name; `None` without entries.
    pub(super) fn encode(&self) -> Option<Value> {
        let mut entries: Vec<_> = self.0.iter().collect();
        entries.sort_by_key(|(id, entry)| {
            (
                id.operation,
                entry.time.as_deref().unwrap_or_default(),
                id.name.as_str(),
                entry.api_version.as_str(),
                id.subresource.as_str(),
            )
        });
        let entries = entries.into_iter().map(|(id, entry)| encoded(id, entry));
        (!self.0.is_empty()).then(|| entries.collect())
    }

    /// Brings the sets in line with the schema, which may have changed since they were written.
    pub(super) fn reconcile(&mut self, ty: Type<'_>) {
        for entry in self.0.values_mut() {
            entry.fields = reconciled(&entry.fields, ty);
        }
    }

    /// All fields that anybody owns.
    pub(super) fn all_fields(&self) -> FieldSet {
        self.0
            .values()
            .fold(FieldSet::default(), |all, entry| all.union(&entry.fields))
    }

    /// Merges the oldest entries of updates, for each version into one, until there are no more than ten.
    pub(super) fn cap_updates(&mut self) {
        let updates = self.0.iter().filter(|(id, _)| id.operation == Operation::Update);
        let mut oldest: Vec<_> = updates
            .map(|(id, entry)| (entry.time.clone().unwrap_or_default(), id.clone()))
            .collect();
        oldest.sort();
        let mut count = oldest.len();
        let mut first_of_version: BTreeMap<String, Manager> = BTreeMap::new();
        for (_, id) in oldest {
            if count <= MOST_UPDATE_MANAGERS {
                return;
            }
            let Some(version) = self.0.get(&id).map(|entry| entry.api_version.clone()) else {
                continue;
            };
            match first_of_version.get(&version) {
                None => {
                    first_of_version.insert(version, id);
                }
                Some(first) => {
                    self.merge_into_ancient(first, &id, &version);
                    count -= 1;
                }
            }
        }
    }

    fn merge_into_ancient(&mut self, first: &Manager, id: &Manager, version: &str) {
        let ancient = Manager::new(ANCIENT, Operation::Update, version, "");
        if !self.0.contains_key(&ancient)
            && let Some(entry) = self.0.remove(first)
        {
            self.0.insert(ancient.clone(), entry);
        }
        if *id == ancient {
            return;
        }
        let (Some(entry), Some(bucket)) = (self.0.remove(id), self.0.get_mut(&ancient)) else {
            return;
        };
        bucket.fields = bucket.fields.union(&entry.fields);
        // They come in the order of their times: this one is the latest.
        bucket.time = entry.time;
    }
}

fn encoded(id: &Manager, entry: &Entry) -> Value {
    let mut encoded = json!({
        "manager": id.name,
        "operation": match id.operation {
            Operation::Apply => "Apply",
            Operation::Update => "Update",
        },
        "apiVersion": entry.api_version,
        "fieldsType": "FieldsV1",
        "fieldsV1": entry.fields.encoded(),
    });
    if let Some(fields) = encoded.as_object_mut() {
        let time = entry.time.as_ref().map(|time| ("time".to_owned(), json!(time)));
        fields.extend(time);
        if !id.subresource.is_empty() {
            fields.insert("subresource".into(), json!(id.subresource));
        }
    }
    encoded
}
