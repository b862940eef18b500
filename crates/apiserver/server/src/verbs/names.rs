//! Names of objects: made and checked.

use kinglet_api_kinds::NameRule;
use kinglet_api_schema::FieldError;
use serde_json::Value;

use crate::error::ApiError;
use crate::meta;

/// The letters of generated names: no vowels, and nothing that looks like something else, as in Kubernetes.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX: usize = 5;
/// Longest generated name; a longer prefix is cut.
const LONGEST: usize = 63;

/// `generateName` with a random suffix.
pub(crate) fn generate(prefix: &str) -> Result<String, ApiError> {
    let mut random = [0_u8; SUFFIX];
    getrandom::fill(&mut random).map_err(ApiError::internal)?;
    let letter = |byte: &u8| ALPHABET.get(usize::from(*byte) % ALPHABET.len()).copied().unwrap_or(b'b');
    let suffix: String = random.iter().map(letter).map(char::from).collect();
    let prefix: String = prefix.chars().take(LONGEST - SUFFIX).collect();
    Ok(prefix + &suffix)
}

const LABEL: &str = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

/// What is wrong with a name under a rule, in Kubernetes' words.
pub(crate) fn check(name: &str, rule: NameRule) -> Vec<String> {
    let mut errors = Vec::new();
    let too_long = |limit: usize| (name.len() > limit).then(|| format!("must be no more than {limit} characters"));
    match rule {
        NameRule::DnsSubdomain => {
            errors.extend(too_long(253));
            if !name.split('.').all(is_label) {
                errors.push(format!(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must \
                     start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is \
                     '{LABEL}(\\.{LABEL})*')"
                ));
            }
        }
        NameRule::DnsLabel => {
            errors.extend(too_long(63));
            if !is_label(name) {
                errors.push(format!(
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and \
                     end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '{LABEL}')"
                ));
            }
        }
        NameRule::Rfc1035Label => {
            errors.extend(too_long(63));
            if !is_label(name) || !name.starts_with(|first: char| first.is_ascii_lowercase()) {
                errors.push(
                    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic \
                     character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for \
                     validation is '[a-z]([-a-z0-9]*[a-z0-9])?')"
                        .to_owned(),
                );
            }
        }
        NameRule::PathSegment => {
            if matches!(name, "." | "..") {
                errors.push(format!("may not be '{name}'"));
            }
            errors.extend(
                ['/', '%']
                    .iter()
                    .filter(|one| name.contains(**one))
                    .map(|one| format!("may not contain '{one}'")),
            );
        }
    }
    errors
}

/// RFC 1123 label, without regard to its length.
fn is_label(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    text.bytes().all(|byte| inner(byte) || byte == b'-')
        && text.bytes().next().is_some_and(inner)
        && text.bytes().last().is_some_and(inner)
}

/// What is wrong with `metadata` of an object that is about to be stored.
pub(crate) fn check_metadata(object: &Value, rule: NameRule) -> Vec<FieldError> {
    let mut errors = Vec::new();
    let name = meta::text(object, "name");
    let generate = meta::text(object, "generateName");
    if name.is_empty() {
        errors.push(FieldError::required("metadata.name", "name or generateName is required"));
    } else {
        let invalid = |detail| FieldError::invalid("metadata.name", name, detail);
        errors.extend(check(name, rule).into_iter().map(invalid));
    }
    // The prefix may end with a dash.
    let prefix = generate.strip_suffix('-').map(|rest| format!("{rest}a")).unwrap_or_else(|| generate.to_owned());
    if !generate.is_empty() {
        let invalid = |detail| FieldError::invalid("metadata.generateName", generate, detail);
        errors.extend(check(&prefix, rule).into_iter().map(invalid));
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules() {
        use NameRule::{DnsLabel, DnsSubdomain, PathSegment, Rfc1035Label};
        let cases = [
            ("a.b-c", DnsSubdomain, true),
            ("A", DnsSubdomain, false),
            ("a..b", DnsSubdomain, false),
            ("1a", DnsLabel, true),
            ("a.b", DnsLabel, false),
            ("1a", Rfc1035Label, false),
            ("a1", Rfc1035Label, true),
            ("system:admin", PathSegment, true),
            ("a/b", PathSegment, false),
        ];
        for (name, rule, good) in cases {
            assert_eq!(check(name, rule).is_empty(), good, "{name} {rule:?}");
        }
        assert!(!check(&"a".repeat(64), DnsLabel).is_empty());
    }

    #[test]
    fn generated_names_are_short_and_valid() {
        let name = generate(&"long-".repeat(20)).unwrap();
        assert_eq!(name.len(), LONGEST);
        assert!(check(&name, NameRule::DnsLabel).is_empty());
        assert_ne!(generate("web-").unwrap(), generate("web-").unwrap());
    }
}
