//! YAML as Kubernetes reads it: YAML 1.1 booleans and octal numbers, and everything else becomes what JSON
//! can say.

use serde::de::DeserializeSeed;
use serde_json::Value;
use serde_saphyr::options::DuplicateKeyPolicy;

use super::parse::{ParseError, Reader};
use super::{StrictError, drop_unknown};
use crate::Schema;

/// Reads the first document of a YAML text (`null` if it is empty). What stands twice is found; with a schema
/// also what the schema does not know, which is left out.
pub fn decode_yaml(text: &[u8], schema: Option<Schema<'_>>) -> Result<(Value, Vec<StrictError>), ParseError> {
    let text = std::str::from_utf8(text).map_err(|error| ParseError(error.to_string()))?;
    let options = serde_saphyr::options! {
        // A duplicate is a finding for our reader: an error here would refuse it under `Ignore` and `Warn`
        // too.
        duplicate_keys: DuplicateKeyPolicy::PassThrough,
        legacy_octal_numbers: true,
        with_snippet: false,
    };
    let mut reader = Reader {
        yaml: true,
        ..Reader::default()
    };
    let first = yaml_documents(text).next().unwrap_or_default();
    let mut value = serde_saphyr::with_deserializer_from_str_with_options(first, options, |yaml| {
        reader.node(None).deserialize(yaml)
    })
    .map_err(|error| ParseError(format!("yaml: {error}")))?;
    // Kubernetes looks for duplicates while it makes JSON of the YAML, and for unknown fields only in the
    // JSON: duplicates below an unknown field are told.
    let mut findings = reader.findings;
    let unknown = schema.map_or_else(Vec::new, |schema| drop_unknown(schema, &mut value));
    findings.extend(unknown.into_iter().map(StrictError::UnknownField));
    Ok((value, findings))
}

/// The documents of a YAML text, which lines that start with `---` divide. Documents of nothing but comments
/// and blank lines are left out.
fn yaml_documents(text: &str) -> impl Iterator<Item = &str> {
    let is_mark = |line: &str| {
        line.strip_prefix("---")
            .is_some_and(|rest| rest.trim().is_empty())
    };
    let mut rest = Some(text);
    std::iter::from_fn(move || {
        let text = rest?;
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let end = start + line.len();
            if is_mark(line) {
                rest = text.get(end..);
                return text.get(..start);
            }
            start = end;
        }
        rest = None;
        Some(text)
    })
    .filter(|document| document.lines().any(says_something))
}

fn says_something(line: &str) -> bool {
    let line = line.trim();
    !line.is_empty() && !line.starts_with('#')
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;
    use crate::builtin;
    use crate::strict::message;

    /// What `sigs.k8s.io/yaml` 1.6 makes of the same texts.
    #[test]
    fn reads_scalars_as_kubernetes_does() {
        let cases = [
            ("yes", json!(true)),
            ("Yes", json!(true)),
            ("on", json!(true)),
            ("y", json!(true)),
            ("TRUE", json!(true)),
            ("no", json!(false)),
            ("NO", json!(false)),
            ("off", json!(false)),
            ("N", json!(false)),
            ("\"yes\"", json!("yes")),
            ("'on'", json!("on")),
            ("~", json!(null)),
            ("", json!(null)),
            ("Null", json!(null)),
            ("0777", json!(511)),
            ("0o777", json!(511)),
            ("010", json!(8)),
            ("08", json!(8)),
            ("00", json!(0)),
            ("0x1F", json!(31)),
            ("0b101", json!(5)),
            ("1_000", json!(1000)),
            ("+12", json!(12)),
            ("-1", json!(-1)),
            ("9223372036854775807", json!(9223372036854775807i64)),
            ("-9223372036854775808", json!(-9223372036854775808i64)),
            ("12345678901234567890", json!(12345678901234567890u64)),
            ("123456789012345678901234567890", json!(1.2345678901234568e29)),
            ("1.5", json!(1.5)),
            ("1.0", json!(1)),
            ("1e3", json!(1000)),
            (".5", json!(0.5)),
            ("5.", json!(5)),
            ("1e", json!("1e")),
            ("1.2.3", json!("1.2.3")),
            ("100m", json!("100m")),
            ("2001-01-01", json!("2001-01-01")),
            ("2001-01-01T00:00:00Z", json!("2001-01-01T00:00:00Z")),
            ("12:30:45", json!("12:30:45")),
            ("190:20:30", json!("190:20:30")),
            ("NaN", json!("NaN")),
            ("!!str 5", json!("5")),
            ("!!int \"5\"", json!(5)),
            ("!!binary aGVsbG8=", json!("hello")),
            ("|\n  x\n  y\n", json!("x\ny\n")),
            (">\n  x\n  y\n", json!("x y\n")),
            ("'it''s'", json!("it's")),
            ("\"\\u00e9\"", json!("é")),
            ("[a, {b: yes}]", json!(["a", {"b": true}])),
        ];
        for (text, wanted) in cases {
            let (value, findings) = decode_yaml(format!("a: {text}").as_bytes(), None).unwrap();
            assert_eq!(value, json!({"a": wanted}), "{text}");
            assert!(findings.is_empty());
        }
    }

    #[test]
    fn reads_keys_anchors_and_merges() {
        for (text, wanted) in [
            ("1: x", json!({"1": "x"})),
            ("true: x", json!({"true": "x"})),
            ("yes: x", json!({"true": "x"})),
            ("\"yes\": x", json!({"yes": "x"})),
            ("b: &x {c: 1}\na: *x", json!({"b": {"c": 1}, "a": {"c": 1}})),
            (
                "b: &x {c: 1}\na:\n  <<: *x\n  d: 2",
                json!({"b": {"c": 1}, "a": {"c": 1, "d": 2}}),
            ),
            ("", json!(null)),
            ("---\n# nothing\n", json!(null)),
            ("a: 1\n---\nb: 2", json!({"a": 1})),
            ("{\"a\": [1, null]}", json!({"a": [1, null]})),
        ] {
            assert_eq!(decode_yaml(text.as_bytes(), None).unwrap().0, wanted, "{text}");
        }
    }

    #[test]
    fn finds_fields_that_stand_twice() {
        let document = builtin::document("", "v1", "ConfigMap").unwrap();
        let text = "metadata:\n  nome: x\ndata:\n  a: '1'\n  a: '2'\nwhat: 1\ndata:\n  b: '3'\n";
        let (value, findings) = decode_yaml(text.as_bytes(), Some(document.schema())).unwrap();
        assert_eq!(value, json!({"metadata": {}, "data": {"b": "3"}}));
        assert_eq!(
            message(&findings),
            "yaml: unmarshal errors:\n  line 5: key \"a\" already set in map\n  line 7: key \"data\" already set in map, \
             unknown field \"metadata.nome\", unknown field \"what\""
        );
        assert_eq!(findings[0].to_string(), "line 5: key \"a\" already set in map");
    }

    #[test]
    fn refuses_what_is_no_yaml() {
        for text in [
            "a: [",
            "a: b: c",
            "a: @x",
            "a: \"x",
            "a: .inf",
            "null: x",
            "? [a]\n: b",
        ] {
            assert!(decode_yaml(text.as_bytes(), None).is_err(), "{text}");
        }
        assert!(decode_yaml(&[0xff, 0xfe, 0x00], None).is_err());
    }

    #[test]
    fn divides_documents() {
        let text = "# head\n---\na: 1\n--- \n\n---\nb: |\n  ---x\n---\n# only a comment\n";
        let documents: Vec<&str> = yaml_documents(text).collect();
        assert_eq!(documents, ["a: 1\n", "b: |\n  ---x\n"]);
    }
}
