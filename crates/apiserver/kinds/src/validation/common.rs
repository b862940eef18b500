//! Collecting faults, and rules that many kinds share.

use kinglet_api_schema::{FieldError, FieldErrorKind};
use serde_json::Value;

use super::names::{self, Rule};
use crate::json::Json;

/// The faults found so far.
#[derive(Default)]
pub(crate) struct Errors(pub(crate) Vec<FieldError>);

impl Errors {
    pub(crate) fn invalid(
        &mut self,
        path: impl Into<String>,
        value: impl Into<Value>,
        why: impl Into<String>,
    ) {
        self.0.push(FieldError::invalid(path, value, why));
    }

    pub(crate) fn required(&mut self, path: impl Into<String>, why: &str) {
        self.0.push(FieldError::required(path, why));
    }

    pub(crate) fn forbidden(&mut self, path: impl Into<String>, why: impl Into<String>) {
        self.0.push(FieldError::forbidden(path, why));
    }

    pub(crate) fn duplicate(&mut self, path: impl Into<String>, value: impl Into<Value>) {
        self.0.push(FieldError::duplicate(path, value));
    }

    /// More bytes than allowed.
    pub(crate) fn too_long(&mut self, path: &str, bytes: usize) {
        let why = format!("may not be more than {bytes} bytes");
        self.0
            .push(FieldError::new(FieldErrorKind::TooLong, path, Value::Null, why));
    }

    /// More entries than allowed; returns whether it is so.
    pub(crate) fn too_many(&mut self, path: &str, count: usize, most: usize) -> bool {
        if count > most {
            let why = format!("must have at most {most} items");
            self.0
                .push(FieldError::new(FieldErrorKind::TooMany, path, count.into(), why));
        }
        count > most
    }

    /// One of the accepted texts. A missing value is a fault of its own if it is required.
    pub(crate) fn one_of(&mut self, path: &str, value: &str, accepted: &[&str], required: bool) {
        match value {
            "" if required => self.required(path, ""),
            "" => {}
            _ if accepted.contains(&value) => {}
            _ => self.0.push(FieldError::not_supported(path, value, accepted)),
        }
    }

    /// A text that follows a rule.
    pub(crate) fn follows(&mut self, path: &str, text: &str, rule: Rule) {
        for complaint in rule(text) {
            self.invalid(path, text, complaint);
        }
    }

    /// A name that must be given and follow a rule.
    pub(crate) fn required_name(&mut self, path: &str, text: &str, rule: Rule) {
        if text.is_empty() {
            self.required(path, "");
        } else {
            self.follows(path, text, rule);
        }
    }

    /// A port's number.
    pub(crate) fn port_number(&mut self, path: &str, number: &Value) {
        if let Some(complaint) = names::port_number(number.as_i64().unwrap_or_default()) {
            // In Go a number that is not given is 0, and told so.
            let number = if number.is_null() { &Value::from(0) } else { number };
            self.invalid(path, number.clone(), complaint);
        }
    }

    /// A port by number or name.
    pub(crate) fn port(&mut self, path: &str, port: &Value) {
        match port.as_str() {
            Some(name) => self.follows(path, name, names::port_name),
            None => self.port_number(path, port),
        }
    }

    /// A field that may not change.
    pub(crate) fn immutable(&mut self, path: &str, new: &Value, old: &Value) {
        if !same(new.at(path), old.at(path)) {
            self.invalid(path, new.at(path).clone(), "field is immutable");
        }
    }

    /// A number that may not be negative.
    pub(crate) fn not_negative(&mut self, object: &Value, path: &str) {
        if object.int(path) < 0 {
            self.invalid(path, object.int(path), "must be greater than or equal to 0");
        }
    }

    /// Labels: keys and values.
    pub(crate) fn labels(&mut self, path: &str, labels: &Value) {
        for (key, value) in labels.as_object().into_iter().flatten() {
            self.follows(path, key, names::qualified_name);
            self.follows(path, value.as_str().unwrap_or_default(), names::label_value);
        }
    }

    /// A `LabelSelector`.
    pub(crate) fn label_selector(&mut self, path: &str, selector: &Value) {
        self.labels(&format!("{path}.matchLabels"), selector.at("matchLabels"));
        for (index, one) in selector.list("matchExpressions").iter().enumerate() {
            let path = format!("{path}.matchExpressions[{index}]");
            let values = one.texts("values");
            match one.text("operator") {
                "In" | "NotIn" if values.is_empty() => self.required(
                    format!("{path}.values"),
                    "must be specified when `operator` is 'In' or 'NotIn'",
                ),
                "Exists" | "DoesNotExist" if !values.is_empty() => self.forbidden(
                    format!("{path}.values"),
                    "may not be specified when `operator` is 'Exists' or 'DoesNotExist'",
                ),
                "In" | "NotIn" | "Exists" | "DoesNotExist" => {}
                other => self.invalid(format!("{path}.operator"), other, "not a valid selector operator"),
            }
            self.follows(&format!("{path}.key"), one.text("key"), names::qualified_name);
            for (index, value) in values.iter().enumerate() {
                self.follows(&format!("{path}.values[{index}]"), value, names::label_value);
            }
        }
    }

    /// An address that packets can be sent to. Loopback counts only where it is said to.
    pub(crate) fn endpoint_address(&mut self, path: &str, text: &str, loopback: bool) {
        let Ok(address) = text.parse::<std::net::IpAddr>() else {
            self.invalid(path, text, "must be a valid IP address");
            return;
        };
        let (link_local, local_multicast) = match address {
            std::net::IpAddr::V4(v4) => (v4.is_link_local(), v4.octets().starts_with(&[224, 0, 0])),
            // The flags of a multicast address may be any; its scope is link-local (RFC 4291 section 2.7).
            std::net::IpAddr::V6(v6) => (v6.is_unicast_link_local(), v6.segments()[0] & 0xff0f == 0xff02),
        };
        if address.is_unspecified() {
            self.invalid(path, text, format!("may not be unspecified ({text})"));
        }
        if address.is_loopback() && !loopback {
            self.invalid(
                path,
                text,
                "may not be in the loopback range (127.0.0.0/8, ::1/128)",
            );
        }
        if link_local {
            self.invalid(
                path,
                text,
                "may not be in the link-local range (169.254.0.0/16, fe80::/10)",
            );
        }
        if local_multicast {
            self.invalid(
                path,
                text,
                "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)",
            );
        }
    }
}

/// Whether two values mean the same: the API does not tell a missing value from an empty one.
pub(crate) fn same(one: &Value, other: &Value) -> bool {
    one == other || (is_empty(one) && is_empty(other))
}

pub(crate) fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
        _ => false,
    }
}
