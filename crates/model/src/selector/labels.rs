//! What is wrong with a label's key or value (`k8s.io/apimachinery/pkg/api/validate/content`).

use super::error::{InvalidValue, LabelRule};

/// Longest name part of a key, and longest value, in bytes.
const LONGEST: usize = 63;
/// Longest prefix part of a key, in bytes.
const LONGEST_PREFIX: usize = 253;

/// What is wrong with a key of the field `path`.
pub(super) fn check_key(path: &str, key: &str) -> Option<InvalidValue> {
    InvalidValue::of_text(path, key, key_rules_broken(key))
}

/// What is wrong with a value of the field `path`.
pub(super) fn check_value(path: &str, value: &str) -> Option<InvalidValue> {
    let mut broken = Vec::new();
    if value.len() > LONGEST {
        broken.push(LabelRule::ValueLength);
    }
    if !value.is_empty() && !is_name(value) {
        broken.push(LabelRule::Value);
    }
    InvalidValue::of_text(path, value, broken)
}

fn key_rules_broken(key: &str) -> Vec<LabelRule> {
    let mut broken = Vec::new();
    let name = match key.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            broken.extend(prefix_rules_broken(prefix));
            name
        }
        _ => return vec![LabelRule::KeyParts],
    };
    if name.is_empty() {
        broken.push(LabelRule::NameEmpty);
    } else if name.len() > LONGEST {
        broken.push(LabelRule::NameLength);
    }
    // For an empty name, too: Kubernetes reports both rules.
    if !is_name(name) {
        broken.push(LabelRule::Name);
    }
    broken
}

fn prefix_rules_broken(prefix: &str) -> Vec<LabelRule> {
    if prefix.is_empty() {
        return vec![LabelRule::PrefixEmpty];
    }
    let mut broken = Vec::new();
    if prefix.len() > LONGEST_PREFIX {
        broken.push(LabelRule::PrefixLength);
    }
    if !prefix.split('.').all(is_dns_label) {
        broken.push(LabelRule::Prefix);
    }
    broken
}

fn is_name(text: &str) -> bool {
    let ends = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
    let bytes = text.as_bytes();
    ends(bytes.first())
        && ends(bytes.last())
        && bytes
            .iter()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
}

fn is_dns_label(text: &str) -> bool {
    let alphanumeric = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().is_some_and(alphanumeric)
        && bytes.last().is_some_and(alphanumeric)
        && bytes.iter().all(|byte| alphanumeric(byte) || *byte == b'-')
}
