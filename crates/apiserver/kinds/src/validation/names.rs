//! Forms of names, ports, addresses and other texts, and how the API words what is wrong with them.
//!
//! A rule takes a text and returns every complaint about it; most texts have none.

use std::net::IpAddr;
use std::sync::LazyLock;

use ipnet::IpNet;
use regex::Regex;

use crate::NameRule;

/// A rule about a text.
pub(crate) type Rule = fn(&str) -> Vec<String>;

/// A form given as a regular expression, with examples.
struct Form {
    regex: LazyLock<Option<Regex>>,
    pattern: &'static str,
    explanation: &'static str,
    examples: &'static [&'static str],
}

macro_rules! form {
    ($name:ident, $pattern:expr, $explanation:expr, $examples:expr) => {
        static $name: Form = Form {
            regex: LazyLock::new(|| Regex::new(concat!("^(?:", $pattern, ")$")).ok()),
            pattern: $pattern,
            explanation: $explanation,
            examples: $examples,
        };
    };
}

form!(
    LABEL,
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?",
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
    &["my-name", "123-abc"]
);
form!(
    SUBDOMAIN,
    "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
    &["example.com"]
);
form!(
    RFC_1035,
    "[a-z]([-a-z0-9]*[a-z0-9])?",
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character",
    &["my-name", "abc-123"]
);
form!(
    WILDCARD,
    "\\*\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*",
    "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS subdomain, which must consist of lower case alphanumeric characters, '-' or '.' and end with an alphanumeric character",
    &["*.example.com"]
);
form!(
    LABEL_KEY,
    "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]",
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    &["MyName", "my.name", "123-abc"]
);
form!(
    LABEL_VALUE,
    "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?",
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    &["MyValue", "my_value", "12345"]
);
form!(
    CONFIG_KEY,
    "[-._a-zA-Z0-9]+",
    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
    &["key.name", "KEY_NAME", "key-name"]
);
form!(HTTP_PATH, "[A-Za-z0-9/\\-._~%!$&'()*+,;=:]+", "Invalid path", &[]);

impl Form {
    fn fits(&self, text: &str) -> bool {
        self.regex.as_ref().is_some_and(|regex| regex.is_match(text))
    }

    fn complaint(&self) -> String {
        let examples: Vec<String> = self.examples.iter().map(|one| format!("'{one}', ")).collect();
        let lead = if examples.is_empty() { "" } else { "e.g. " };
        format!(
            "{} ({lead}{}regex used for validation is '{}')",
            self.explanation,
            examples.join(" or "),
            self.pattern
        )
    }

    /// Complaints about the length and the form.
    fn check(&self, text: &str, longest: usize) -> Vec<String> {
        self.check_in(text, longest, "characters")
    }

    /// The same; the API counts some texts in characters and some in bytes, and means bytes.
    fn check_in(&self, text: &str, longest: usize, unit: &str) -> Vec<String> {
        let mut complaints = too_long(text, longest, unit);
        if !self.fits(text) {
            complaints.push(self.complaint());
        }
        complaints
    }
}

fn too_long(text: &str, longest: usize, unit: &str) -> Vec<String> {
    if text.len() > longest {
        vec![format!("must be no more than {longest} {unit}")]
    } else {
        Vec::new()
    }
}

/// RFC 1123 label.
pub(crate) fn dns_label(text: &str) -> Vec<String> {
    let mut complaints = too_long(text, 63, "characters");
    if LABEL.fits(text) {
    } else if SUBDOMAIN.fits(text) {
        complaints.push("must not contain dots".to_owned());
    } else {
        complaints.push(LABEL.complaint());
    }
    complaints
}

/// RFC 1123 subdomain.
pub(crate) fn dns_subdomain(text: &str) -> Vec<String> {
    SUBDOMAIN.check(text, 253)
}

/// RFC 1035 label.
pub(crate) fn rfc1035_label(text: &str) -> Vec<String> {
    RFC_1035.check(text, 63)
}

/// A subdomain whose first label is `*`.
pub(crate) fn wildcard_subdomain(text: &str) -> Vec<String> {
    WILDCARD.check(text, 253)
}

/// One segment of a URL's path.
pub(crate) fn path_segment(text: &str) -> Vec<String> {
    if matches!(text, "." | "..") {
        return vec![format!("may not be '{text}'")];
    }
    let forbidden = ["/", "%"].into_iter().filter(|part| text.contains(part));
    forbidden
        .map(|part| format!("may not contain '{part}'"))
        .collect()
}

/// `[prefix/]name`: keys of labels and annotations, finalizers, application protocols.
pub(crate) fn qualified_name(text: &str) -> Vec<String> {
    let mut complaints = Vec::new();
    let parts: Vec<&str> = text.split('/').collect();
    let name = match parts.as_slice() {
        [name] => name,
        ["", name] => {
            complaints.push("prefix part must be non-empty".to_owned());
            name
        }
        [prefix, name] => {
            let wrong = SUBDOMAIN.check_in(prefix, 253, "bytes").into_iter();
            complaints.extend(wrong.map(|one| format!("prefix part {one}")));
            name
        }
        _ => {
            return vec![format!(
                "a valid label key {} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')",
                LABEL_KEY.complaint()
            )];
        }
    };
    if name.is_empty() {
        complaints.push("name part must be non-empty".to_owned());
    }
    let long = too_long(name, 63, "bytes").into_iter();
    complaints.extend(long.map(|one| format!("name part {one}")));
    if !LABEL_KEY.fits(name) {
        complaints.push(format!("name part {}", LABEL_KEY.complaint()));
    }
    complaints
}

/// Value of a label.
pub(crate) fn label_value(text: &str) -> Vec<String> {
    LABEL_VALUE.check_in(text, 63, "bytes")
}

/// Key in a ConfigMap or Secret: also a file's name.
pub(crate) fn config_key(text: &str) -> Vec<String> {
    let mut complaints = CONFIG_KEY.check(text, 253);
    match text {
        "." | ".." => complaints.push(format!("must not be '{text}'")),
        _ if text.starts_with("..") => complaints.push("must not start with '..'".to_owned()),
        _ => {}
    }
    complaints
}

/// Name of a port.
pub(crate) fn port_name(text: &str) -> Vec<String> {
    let mut complaints = too_long(text, 15, "characters");
    let lower = |byte: u8| byte.is_ascii_lowercase();
    let known = |byte: u8| lower(byte) || byte.is_ascii_digit() || byte == b'-';
    if text.is_empty() || !text.bytes().all(known) {
        complaints.push("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)".to_owned());
    }
    if !text.bytes().any(lower) {
        complaints.push("must contain at least one letter (a-z)".to_owned());
    }
    if text.contains("--") {
        complaints.push("must not contain consecutive hyphens".to_owned());
    }
    if text.starts_with('-') || text.ends_with('-') {
        complaints.push("must not begin or end with a hyphen".to_owned());
    }
    complaints
}

/// Number of a port.
pub(crate) fn port_number(number: i64) -> Option<&'static str> {
    (!(1..=65535).contains(&number)).then_some("must be between 1 and 65535, inclusive")
}

/// A path of characters that URLs allow.
pub(crate) fn http_path(text: &str) -> Vec<String> {
    HTTP_PATH.check(text, usize::MAX)
}

/// An IP address.
pub(crate) fn address(text: &str) -> Vec<String> {
    match text.parse::<IpAddr>() {
        // Some software takes them for IPv4, some for IPv6.
        Ok(IpAddr::V6(address)) if address.to_ipv4_mapped().is_some() => {
            vec!["must not be an IPv4-mapped IPv6 address".to_owned()]
        }
        Ok(_) => Vec::new(),
        // Some parsers take them for octal, and end up at another address (CVE-2021-29923).
        Err(_) if has_leading_zeros(text) => vec!["must not have leading 0s".to_owned()],
        Err(_) => vec!["must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)".to_owned()],
    }
}

/// Whether a text is an IPv4 address but for zeros in front of numbers.
fn has_leading_zeros(text: &str) -> bool {
    let stripped: Vec<&str> = text
        .split('.')
        .map(|part| match part.trim_start_matches('0') {
            "" if !part.is_empty() => "0",
            rest => rest,
        })
        .collect();
    stripped.len() == 4 && stripped.join(".").parse::<IpAddr>().is_ok()
}

/// A network in CIDR notation whose address has no bits beyond the prefix.
pub(crate) fn network(text: &str) -> Vec<String> {
    match text.parse::<IpNet>() {
        Ok(IpNet::V6(network)) if network.addr().to_ipv4_mapped().is_some() => {
            vec!["must not have an IPv4-mapped IPv6 address".to_owned()]
        }
        Ok(network) if network.addr() != network.network() => {
            vec!["must not have bits set beyond the prefix length".to_owned()]
        }
        Ok(_) => Vec::new(),
        Err(_) => vec!["must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)".to_owned()],
    }
}

impl NameRule {
    /// Complaints about a name. A prefix (`generateName`) may end with a dash.
    pub(crate) fn check(self, name: &str, prefix: bool) -> Vec<String> {
        let rule: Rule = match self {
            Self::DnsSubdomain => dns_subdomain,
            Self::DnsLabel => dns_label,
            Self::Rfc1035Label => rfc1035_label,
            Self::PathSegment => path_segment,
        };
        match name.strip_suffix('-') {
            Some(stem) if prefix && !stem.is_empty() && self != Self::PathSegment => {
                // As apimachinery's `maskTrailingDash`: the last two characters are replaced, and the rest is
                // judged as a name.
                let mut stem = stem.to_owned();
                stem.pop();
                rule(&format!("{stem}a"))
            }
            _ => rule(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_their_rule() {
        let label = "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end \
                     with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is \
                     '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
        for (text, complaints) in [
            ("a", vec![]),
            ("a-1", vec![]),
            ("a.b", vec!["must not contain dots"]),
            ("A", vec![label]),
            ("", vec![label]),
            (&"a".repeat(64), vec!["must be no more than 63 characters"]),
        ] {
            assert_eq!(dns_label(text), complaints, "{text}");
        }
        assert!(NameRule::DnsLabel.check("web-", true).is_empty());
        assert!(!NameRule::DnsLabel.check("web-", false).is_empty());
        assert!(NameRule::PathSegment.check("system:node", false).is_empty());
        assert_eq!(NameRule::PathSegment.check("a/b", false), ["may not contain '/'"]);
    }

    #[test]
    fn qualified_names_may_have_a_prefix() {
        for good in ["a", "example.com/a", "A_b.c"] {
            assert!(qualified_name(good).is_empty(), "{good}");
        }
        for (bad, start) in [
            ("/a", "prefix part must be non-empty"),
            ("a/", "name part must be non-empty"),
            ("UP/a", "prefix part a lowercase RFC 1123 subdomain"),
            ("a/b/c", "a valid label key must consist of"),
            ("a b", "name part must consist of"),
        ] {
            assert!(qualified_name(bad)[0].starts_with(start), "{bad}");
        }
    }

    #[test]
    fn addresses_are_canonical() {
        for (text, complaint) in [
            ("10.0.0.1", None),
            ("fd00::1", None),
            ("010.0.0.1", Some("must not have leading 0s")),
            ("::ffff:10.0.0.1", Some("must not be an IPv4-mapped IPv6 address")),
            (
                "10.0.0",
                Some("must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"),
            ),
        ] {
            assert_eq!(address(text).first().map(String::as_str), complaint, "{text}");
        }
        for (text, complaint) in [
            ("10.0.0.0/8", None),
            (
                "10.0.0.1/8",
                Some("must not have bits set beyond the prefix length"),
            ),
            (
                "10.0.0.0",
                Some("must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"),
            ),
        ] {
            assert_eq!(network(text).first().map(String::as_str), complaint, "{text}");
        }
    }
}
