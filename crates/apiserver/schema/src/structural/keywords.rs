//! The rules for texts, numbers, lists and objects.

use regex::Regex;
use serde_json::{Map, Number, Value};

use super::formats::Format;
use super::validate::{Outcome, Validator};
use crate::{FieldError, FieldErrorKind, Schema};

/// `minimum` or `maximum`.
struct Bound {
    key: &'static str,
    exclusive_key: &'static str,
    /// Which side of the bound is wrong.
    sign: f64,
    inclusive: &'static str,
    exclusive: &'static str,
}

const MINIMUM: Bound = Bound {
    key: "minimum",
    exclusive_key: "exclusiveMinimum",
    sign: -1.0,
    inclusive: "greater than or equal to",
    exclusive: "greater than",
};
const MAXIMUM: Bound = Bound {
    key: "maximum",
    exclusive_key: "exclusiveMaximum",
    sign: 1.0,
    inclusive: "less than or equal to",
    exclusive: "less than",
};

impl Validator {
    pub(super) fn string(
        &self,
        schema: Schema<'_>,
        format: Option<Format<'_>>,
        text: &str,
        outcome: &mut Outcome,
    ) {
        // kube-openapi stops at the first rule that a text breaks.
        outcome.add(self.length(schema, text).or_else(|| self.pattern(schema, text)));
        if let Some(Format::Text(format)) = format
            && !format.accepts(text)
        {
            let error = self.wrong_type_of(format.name, text.into(), text);
            outcome.errors.push(error);
        }
    }

    fn length(&self, schema: Schema<'_>, text: &str) -> Option<FieldError> {
        // Kubernetes counts characters too (`utf8.RuneCount`), although its text speaks of bytes.
        let length = text.chars().count() as u64;
        if let Some(most) = limit(schema, "maxLength").filter(|most| length > *most) {
            let unit = if most == 1 { "byte" } else { "bytes" };
            let detail = format!("may not be more than {most} {unit}");
            let path = self.path.to_text();
            return Some(FieldError::new(
                FieldErrorKind::TooLong,
                path,
                Value::Null,
                detail,
            ));
        }
        let least = limit(schema, "minLength").filter(|least| length < *least)?;
        Some(self.invalid(text, format_args!("should be at least {least} chars long")))
    }

    fn pattern(&self, schema: Schema<'_>, text: &str) -> Option<FieldError> {
        let pattern = schema
            .node()
            .get("pattern")?
            .as_str()
            .filter(|pattern| !pattern.is_empty())?;
        match Regex::new(pattern) {
            Ok(regex) if regex.is_match(text) => None,
            Ok(_) => Some(self.invalid(text, format_args!("should match '{pattern}'"))),
            Err(error) => {
                let rule = format_args!("should match '{pattern}, but pattern is invalid: {error}'");
                Some(self.invalid(text, rule))
            }
        }
    }

    pub(super) fn number(
        &self,
        schema: Schema<'_>,
        format: Option<Format<'_>>,
        number: &Number,
        outcome: &mut Outcome,
    ) {
        outcome.matches += 1;
        outcome.add(self.range(schema, format, number));
        outcome.add(self.multiple(schema, number));
        for bound in [&MINIMUM, &MAXIMUM] {
            outcome.add(self.bound(schema, number, bound));
        }
    }

    fn bound(&self, schema: Schema<'_>, number: &Number, bound: &Bound) -> Option<FieldError> {
        let limit = schema.node().get(bound.key)?.as_number()?;
        let exclusive = schema.flag(bound.exclusive_key);
        let beyond = compare(number, limit) * bound.sign;
        let words = if exclusive {
            bound.exclusive
        } else {
            bound.inclusive
        };
        (beyond > 0.0 || exclusive && beyond == 0.0).then(|| {
            let rule = format!("should be {words} {}", printed(limit));
            self.invalid(Value::Number(number.clone()), rule)
        })
    }

    /// Whether the number has a place in the Go type of its schema.
    fn range(&self, schema: Schema<'_>, format: Option<Format<'_>>, number: &Number) -> Option<FieldError> {
        let kind = schema.kind()?;
        let format = match format {
            Some(Format::Number(format)) => format,
            _ => "",
        };
        let float = number.as_f64().unwrap_or_default();
        let fits = match (kind, format) {
            ("integer", "int32") => {
                float.fract() == 0.0 && (-(2f64.powi(31))..2f64.powi(31)).contains(&float)
            }
            ("integer", _) => number.is_i64() || number.is_f64() && float.fract() == 0.0,
            ("number", "float") => float.abs() <= f64::from(f32::MAX),
            _ => true,
        };
        let format = match format {
            "" => "(default format)".to_owned(),
            format => format!("with format {format}"),
        };
        let path = self.path.to_text();
        (!fits).then(|| whole_error(format!("Checked value must be of type {kind} {format} in {path}")))
    }

    fn multiple(&self, schema: Schema<'_>, number: &Number) -> Option<FieldError> {
        let factor = schema.node().get("multipleOf")?.as_number()?;
        let is_multiple = match (number.as_i64(), factor.as_i64()) {
            (Some(number), Some(factor)) if factor > 0 => number % factor == 0,
            _ => {
                // In binary, 0.3 is no exact multiple of 0.1.
                let quotient = number.as_f64()? / factor.as_f64().filter(|factor| *factor > 0.0)?;
                (quotient - quotient.round()).abs() <= f64::EPSILON * quotient.abs().max(1.0)
            }
        };
        let rule = format!("should be a multiple of {}", printed(factor));
        (!is_multiple).then(|| self.invalid(Value::Number(number.clone()), rule))
    }

    pub(super) fn array(&mut self, schema: Schema<'_>, items: &[Value], outcome: &mut Outcome) {
        outcome.matches += 1;
        if let Some(below) = schema.items() {
            for (index, item) in items.iter().enumerate() {
                let outside = self.path.enter_item(index);
                outcome.merge(self.node(below, item));
                self.path.leave(outside);
            }
        }
        let size = items.len() as u64;
        if let Some(least) = limit(schema, "minItems").filter(|least| size < *least) {
            let rule = format_args!("should have at least {least} items");
            outcome.errors.push(self.invalid(size, rule));
        }
        outcome.add(self.too_many(limit(schema, "maxItems"), size));
        let is_repeated = |(index, item)| items.iter().take(index).any(|before: &Value| before == item);
        if schema.flag("uniqueItems") && items.iter().enumerate().any(is_repeated) {
            outcome
                .errors
                .push(self.invalid("", "shouldn't contain duplicates"));
        }
    }

    fn too_many(&self, most: Option<u64>, size: u64) -> Option<FieldError> {
        let most = most.filter(|most| size > *most)?;
        let unit = if most == 1 { "item" } else { "items" };
        let detail = format!("must have at most {most} {unit}");
        Some(FieldError::new(
            FieldErrorKind::TooMany,
            self.path.to_text(),
            size.into(),
            detail,
        ))
    }

    pub(super) fn object(&mut self, schema: Schema<'_>, fields: &Map<String, Value>, outcome: &mut Outcome) {
        let size = fields.len() as u64;
        if let Some(least) = limit(schema, "minProperties").filter(|least| size < *least) {
            let rule = format_args!("should have at least {least} properties");
            outcome.errors.push(self.invalid(size, rule));
        }
        outcome.add(self.too_many(limit(schema, "maxProperties"), size));
        for (name, value) in fields {
            if let Some(below) = schema.field(name) {
                let outside = self.path.enter_field(name);
                outcome.merge(self.node(below, value));
                self.path.leave(outside);
            }
        }
        let required = schema.node().get("required").and_then(Value::as_array);
        for name in required.into_iter().flatten().filter_map(Value::as_str) {
            if !fields.contains_key(name) {
                let outside = self.path.enter_field(name);
                outcome.errors.push(FieldError::required(self.path.to_text(), ""));
                self.path.leave(outside);
            }
        }
    }
}

/// An error that names its field in the text only, as Kubernetes prints it.
pub(super) fn whole_error(message: String) -> FieldError {
    FieldError::invalid("<nil>", "", message)
}

fn limit(schema: Schema<'_>, key: &str) -> Option<u64> {
    schema.node().get(key).and_then(Value::as_u64)
}

/// Below 0 if the number is smaller than the bound, 0 if equal.
fn compare(number: &Number, bound: &Number) -> f64 {
    match (number.as_i64(), bound.as_i64()) {
        (Some(number), Some(bound)) => f64::from(number.cmp(&bound) as i8),
        _ => number.as_f64().unwrap_or_default() - bound.as_f64().unwrap_or_default(),
    }
}

/// A bound as Go prints it: whole numbers without a fraction.
fn printed(number: &Number) -> String {
    match number.as_f64() {
        Some(float) if number.is_f64() => float.to_string(),
        _ => number.to_string(),
    }
}
