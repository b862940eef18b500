//! What is wrong with a label's key or value (`k8s.io/apimachinery/pkg/api/validate/content`).

/// Longest name part of a key, and longest value, in bytes.
const LONGEST: usize = 63;
/// Longest prefix part of a key, in bytes.
const LONGEST_PREFIX: usize = 253;

const NAME_RULE: &str = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character \
    (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
const PREFIX_RULE: &str = "prefix part a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
    start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
    '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const VALUE_RULE: &str = "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end \
    with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is \
    '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')";

/// The fault of a key, as a field error of the field `path`.
pub(super) fn key_faults(path: &str, key: &str) -> Option<String> {
    fault(path, key, &key_rules_broken(key))
}

/// The fault of a value, as a field error of the field `path`.
pub(super) fn value_faults(path: &str, value: &str) -> Option<String> {
    let mut broken = Vec::new();
    if value.len() > LONGEST {
        broken.push(format!("must be no more than {LONGEST} bytes"));
    }
    if !value.is_empty() && !is_name(value) {
        broken.push(VALUE_RULE.to_owned());
    }
    fault(path, value, &broken)
}

fn fault(path: &str, value: &str, broken: &[String]) -> Option<String> {
    (!broken.is_empty()).then(|| format!("{path}: Invalid value: {value:?}: {}", broken.join("; ")))
}

fn key_rules_broken(key: &str) -> Vec<String> {
    let mut broken = Vec::new();
    let name = match key.split('/').collect::<Vec<_>>()[..] {
        [name] => name,
        [prefix, name] => {
            broken.extend(prefix_rules_broken(prefix));
            name
        }
        _ => {
            return vec![format!(
                "a valid label key {NAME_RULE} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            )];
        }
    };
    if name.is_empty() {
        broken.push("name part must be non-empty".to_owned());
    } else if name.len() > LONGEST {
        broken.push(format!("name part must be no more than {LONGEST} bytes"));
    }
    if !is_name(name) {
        broken.push(format!("name part {NAME_RULE}"));
    }
    broken
}

fn prefix_rules_broken(prefix: &str) -> Vec<String> {
    if prefix.is_empty() {
        return vec!["prefix part must be non-empty".to_owned()];
    }
    let mut broken = Vec::new();
    if prefix.len() > LONGEST_PREFIX {
        broken.push(format!("prefix part must be no more than {LONGEST_PREFIX} bytes"));
    }
    if !prefix.split('.').all(is_dns_label) {
        broken.push(PREFIX_RULE.to_owned());
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
