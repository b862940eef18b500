//! What strict decoding complains about.

/// One complaint: the text of a warning under `fieldValidation=Warn`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum StrictError {
    /// A field that the schema does not know, by its path.
    #[error("unknown field {0:?}")]
    UnknownField(String),
    /// A field that stands twice, by its path.
    #[error("duplicate field {0:?}")]
    DuplicateField(String),
    /// A key that stands twice in YAML.
    #[error("line {line}: key {key:?} already set in map")]
    DuplicateKey {
        /// Line of the second one.
        line: u64,
        /// The key.
        key: String,
    },
}

/// All complaints as one text, the way `fieldValidation=Strict` answers after `strict decoding error: `.
pub fn message(errors: &[StrictError]) -> String {
    let (keys, fields): (Vec<&StrictError>, Vec<&StrictError>) = errors
        .iter()
        .partition(|error| matches!(error, StrictError::DuplicateKey { .. }));
    let mut parts: Vec<String> = fields.iter().map(ToString::to_string).collect();
    if !keys.is_empty() {
        let lines: String = keys.iter().map(|key| format!("\n  {key}")).collect();
        parts.insert(0, format!("yaml: unmarshal errors:{lines}"));
    }
    parts.join(", ")
}
