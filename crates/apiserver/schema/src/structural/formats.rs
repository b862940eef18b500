//! `format` of texts and numbers. Formats that are not known accept everything.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use jiff::civil::Date;
use regex::Regex;

use crate::Schema;

/// A format that a schema sets and its type supports.
#[derive(Clone, Copy)]
pub(super) enum Format<'a> {
    /// `int32`, `int64`, `float` or `double`.
    Number(&'a str),
    /// Of a text.
    Text(TextFormat<'a>),
}

/// A format of texts.
#[derive(Clone, Copy)]
pub(super) struct TextFormat<'a> {
    /// As the schema writes it.
    pub(super) name: &'a str,
    check: fn(&str) -> bool,
}

impl TextFormat<'_> {
    pub(super) fn accepts(self, text: &str) -> bool {
        (self.check)(text)
    }
}

/// The format of a schema, if its type supports it.
pub(super) fn supported<'a>(schema: Schema<'a>) -> Option<Format<'a>> {
    let name = schema.format()?;
    match schema.kind() {
        Some("integer") if ["int32", "int64"].contains(&name) => Some(Format::Number(name)),
        Some("number") if ["float", "double"].contains(&name) => Some(Format::Number(name)),
        None | Some("string") => {
            // As strfmt, the library of formats that Kubernetes uses: `date-time` and `datetime` are one.
            let plain = name.replace('-', "");
            let (_, check) = TEXTS.iter().find(|(known, _)| *known == plain)?;
            Some(Format::Text(TextFormat { name, check: *check }))
        }
        _ => None,
    }
}

type Check = fn(&str) -> bool;

/// Names without dashes.
const TEXTS: &[(&str, Check)] = &[
    ("byte", is_base64),
    ("cidr", is_cidr),
    ("date", is_date),
    ("datetime", is_date_time),
    ("duration", is_duration),
    ("email", is_email),
    ("hexcolor", |text| {
        matches(text, r"^#?([0-9a-fA-F]{3}|[0-9a-fA-F]{6})$")
    }),
    ("hostname", is_hostname),
    ("ipv4", |text| text.parse::<Ipv4Addr>().is_ok()),
    ("ipv6", |text| text.parse::<Ipv6Addr>().is_ok()),
    ("k8slongname", |text| {
        text.len() <= 253 && text.split('.').all(is_short_name)
    }),
    ("k8sshortname", |text| text.len() <= 63 && is_short_name(text)),
    ("mac", is_mac),
    ("password", |_| true),
    ("ssn", |text| {
        text.len() == 11 && matches(text, r"^\d{3}[- ]?\d{2}[- ]?\d{4}$")
    }),
    ("uri", is_uri),
    ("uuid", |text| is_uuid(text, "[0-9a-f]", "[0-9a-f]")),
    ("uuid3", |text| is_uuid(text, "3", "[0-9a-f]")),
    ("uuid4", |text| is_uuid(text, "4", "[89ab]")),
    ("uuid5", |text| is_uuid(text, "5", "[89ab]")),
];

fn matches(text: &str, pattern: &str) -> bool {
    Regex::new(pattern).is_ok_and(|regex| regex.is_match(text))
}

fn is_base64(text: &str) -> bool {
    // `govalidator.IsBase64` wants at least one group.
    !text.is_empty() && BASE64_STANDARD.decode(text).is_ok()
}

fn is_cidr(text: &str) -> bool {
    let parts = text.split_once('/').and_then(|(address, length)| {
        // Rust would also read `/+8`.
        let digits = length.len() <= 3 && length.bytes().all(|byte| byte.is_ascii_digit());
        Some((
            address.parse::<IpAddr>().ok()?,
            length.parse::<u8>().ok().filter(|_| digits)?,
        ))
    });
    parts.is_some_and(|(address, length)| length <= if address.is_ipv4() { 32 } else { 128 })
}

fn is_date(text: &str) -> bool {
    text.len() == 10 && Date::strptime("%Y-%m-%d", text).is_ok()
}

/// RFC 3339 section 5.6.
fn is_date_time(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    // That the dot is not escaped is strfmt's doing: objects that Kubernetes accepts must stay valid.
    let time = r"^([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](.[0-9]+)?(z|[+-][0-9]{2}:[0-9]{2})$";
    text.split_once('t')
        .is_some_and(|(day, rest)| is_date(day) && matches(rest, time))
}

/// As Go writes durations (`1h30m`), or a number and a unit in words (`2 days`).
fn is_duration(text: &str) -> bool {
    let go = r"^[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)$";
    let words = r"(?i)[0-9]+\s*(ns|nano|nanos|nanosecond|us|µs|micro|ms|milli|s|sec|m|min|h|hr|hour|d|day|w|wk|week)[a-z]*";
    matches(text, go) || matches(text, words)
}

fn is_email(text: &str) -> bool {
    let address = match text.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>').unwrap_or_default(),
        None => text,
    };
    matches(address, r#"^("[^"]+"|[^\s@<>(),:;"\[\]]+)@[^\s@<>(),:;"]+$"#)
}

/// RFC 1034 section 3.1 and RFC 1123, with letters of any script.
fn is_hostname(text: &str) -> bool {
    let label = r"[a-zA-Z0-9\p{S}\p{L}]([a-zA-Z0-9\-\p{S}\p{L}]{0,61}[a-zA-Z0-9\p{S}\p{L}])?";
    let pattern = format!(r"^({label}|({label}\.)+[a-zA-Z\p{{L}}]{{2,63}})$");
    text.len() <= 255 && matches(text, &pattern)
}

fn is_mac(text: &str) -> bool {
    let bytes = r"^[0-9a-fA-F]{2}(:[0-9a-fA-F]{2}){5}((:[0-9a-fA-F]{2}){2}|(:[0-9a-fA-F]{2}){14})?$";
    let words = r"^[0-9a-fA-F]{4}(\.[0-9a-fA-F]{4}){2}(\.[0-9a-fA-F]{4}|(\.[0-9a-fA-F]{4}){7})?$";
    let dashes = !text.contains(':') && matches(&text.replace('-', ":"), bytes);
    matches(text, bytes) || dashes || matches(text, words)
}

fn is_short_name(text: &str) -> bool {
    let inner = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(inner) && !text.starts_with('-') && !text.ends_with('-')
}

/// An absolute URI, or an absolute path.
fn is_uri(text: &str) -> bool {
    let printable = !text.contains(|c: char| c.is_ascii_control() || c == ' ');
    // As Go's `url.ParseRequestURI`, with which strfmt checks.
    printable && (text.starts_with('/') || matches(text, r"^[a-zA-Z][a-zA-Z0-9+.\-]*:."))
}

fn is_uuid(text: &str, version: &str, variant: &str) -> bool {
    let hex = "[0-9a-f]";
    let pattern =
        format!("(?i)^{hex}{{8}}-?{hex}{{4}}-?{version}{hex}{{3}}-?{variant}{hex}{{3}}-?{hex}{{12}}$");
    matches(text, &pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_of_texts() {
        for (format, good, bad) in [
            ("byte", &["YQ==", "YWI="][..], &["", "YQ", "*"][..]),
            (
                "cidr",
                &["10.0.0.0/8", "fd00::/64"],
                &["10.0.0.0", "10.0.0.0/33", "x/1", "10.0.0.0/+8"],
            ),
            (
                "date",
                &["2024-02-29"],
                &["2023-02-29", "24-1-1", "2024-01-01T00:00:00Z"],
            ),
            (
                "date-time",
                &["2024-01-01T00:00:00Z", "2024-01-01t00:00:00.123+02:00"],
                &["2024-01-01", "2024-01-01T25:00:00Z", "2024-01-01T00:00:00"],
            ),
            ("duration", &["1h30m", "-1.5s", "0", "2 days"], &["", "1", "x"]),
            ("email", &["a@b.c", "A <a@b.c>"], &["a", "a b@c", "@b"]),
            (
                "hostname",
                &["a", "a.example.com", "1a"],
                &["", "-a", "a_b", "a."],
            ),
            ("ipv4", &["1.2.3.4"], &["1.2.3", "::1", "01.2.3.4"]),
            ("ipv6", &["::1", "::ffff:1.2.3.4"], &["1.2.3.4", "x"]),
            ("k8s-short-name", &["a", "a-1"], &["", "A", "a.b", "-a"]),
            ("k8s-long-name", &["a.b"], &["a..b", "a.B"]),
            (
                "mac",
                &["01:23:45:67:89:ab", "01-23-45-67-89-AB", "0123.4567.89ab"],
                &["01:23", "01:23-45:67:89:ab"],
            ),
            ("uri", &["http://a/b", "/a", "urn:x"], &["a", "http://a b", ""]),
            ("uuid", &["123e4567-e89b-12d3-a456-426614174000"], &["123e4567"]),
            (
                "uuid4",
                &["123e4567-e89b-42d3-a456-426614174000"],
                &["123e4567-e89b-12d3-a456-426614174000"],
            ),
        ] {
            let plain = format.replace('-', "");
            let check = TEXTS
                .iter()
                .find(|(name, _)| *name == plain)
                .map(|(_, check)| check);
            let accepts = |text: &&str| check.is_some_and(|check| check(text));
            assert_eq!(good.iter().find(|text| !accepts(text)), None, "{format}");
            assert_eq!(bad.iter().find(|text| accepts(text)), None, "{format}");
        }
    }
}
