//! Bodies that Kubernetes' own encoder made, and random ones.
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::Path;

use proptest::prelude::*;

use super::*;

/// `tests/protobuf` has for each object its protobuf body and its JSON, both as `k8s.io/client-go` 0.37.2
/// encodes the same Go value.
#[test]
fn decodes_what_kubernetes_encodes() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protobuf");
    let mut count = 0;
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "pb") {
            let object = decode(&fs::read(&path).unwrap()).unwrap();
            let mut wanted: Value =
                serde_json::from_slice(&fs::read(path.with_extension("json")).unwrap()).unwrap();
            drop_nulls(&mut wanted);
            assert_eq!(object, wanted, "{}", path.display());
            count += 1;
        }
    }
    assert!(count >= 15, "{count}");
}

/// Go writes null for lists and times that are not set.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_nulls),
        _ => {}
    }
}

#[test]
fn refuses_what_is_no_body() {
    let text = |body: &[u8]| decode(body).unwrap_err().to_string();
    assert_eq!(
        text(b"nothing"),
        "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
    );
    assert_eq!(text(b"k8s\0\xff\xff"), "unexpected EOF");
    assert_eq!(text(b"k8s\0\x0b"), "proto: illegal wireType 3");
    assert_eq!(text(b"k8s\0"), r#"no kind "" is registered for version """#);
    assert_eq!(text(b"k8s\0\x22\x03abc"), r#"unsupported content type "abc""#);
}

fn body(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
    let field = |number: u8, bytes: &[u8]| {
        let mut field = vec![number << 3 | 2];
        let mut length = bytes.len();
        while length > 0x7f {
            field.push(length as u8 | 0x80);
            length >>= 7;
        }
        field.push(length as u8);
        [&field, bytes].concat()
    };
    let meta = [field(1, api_version.as_bytes()), field(2, kind.as_bytes())].concat();
    [MAGIC, &field(1, &meta), &field(2, raw)].concat()
}

#[test]
fn takes_json_inside() {
    let inside = [
        body("v1", "ConfigMap", br#"{"data": {"a": "b"}}"#),
        b"\x22\x10application/json".to_vec(),
    ]
    .concat();
    assert_eq!(
        decode(&inside).unwrap(),
        serde_json::json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"a": "b"}})
    );
}

#[test]
fn limits_the_number_of_values() {
    // A ConfigMap with very many empty finalizers: `metadata` (1) of `finalizers` (14).
    let finalizers = [0x72, 0x00].repeat(300_000);
    let mut metadata = vec![0x0a, 0xc0, 0xcf, 0x24];
    metadata.extend(finalizers);
    assert_eq!(
        decode(&body("v1", "ConfigMap", &metadata)),
        Err(DecodeError::TooLarge)
    );
}

proptest! {
    #[test]
    fn random_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..300), kind in 0..4usize) {
        let (api_version, kind) = [
            ("v1", "Pod"),
            ("v1", "Service"),
            ("apps/v1", "Deployment"),
            ("authorization.k8s.io/v1", "SelfSubjectAccessReview"),
        ][kind];
        let _ = decode(&bytes);
        let _ = decode(&[MAGIC, bytes.as_slice()].concat());
        if let Ok(object) = decode(&body(api_version, kind, &bytes)) {
            prop_assert_eq!(&object["kind"], kind);
        }
    }

    #[test]
    fn damaged_bodies_do_no_harm(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/protobuf/deployment.pb");
        let mut bytes = fs::read(path).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = byte;
        let _ = decode(&bytes);
        bytes.truncate(at);
        prop_assert!(decode(&bytes).is_err() || at > 4);
    }
}
