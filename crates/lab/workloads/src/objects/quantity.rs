//! Amounts of resources (`resource.Quantity`).

use std::collections::BTreeMap;

use serde_json::Value;

/// Thousandths of a resource's unit: millicores, thousandths of bytes, thousandths of Pods.
pub(crate) type Amount = i128;

/// Amounts by resource, for instance `cpu`.
pub(crate) type Resources = BTreeMap<Box<str>, Amount>;

/// Reads a map of quantities; what is none does not count.
pub(super) fn resources(map: &BTreeMap<Box<str>, Value>) -> Resources {
    map.iter()
        .filter_map(|(name, value)| Some((name.clone(), amount(value)?)))
        .collect()
}

fn amount(value: &Value) -> Option<Amount> {
    match value {
        Value::String(text) => parse(text),
        Value::Number(number) => parse(&number.to_string()),
        _ => None,
    }
}

/// Reads a quantity, for instance `100m`, `1.5Gi`, `2e3`; thousandths are rounded up.
fn parse(text: &str) -> Option<Amount> {
    let end = text
        .find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '+' | '-'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits: i128 = format!("{whole}{fraction}").parse().ok()?;
    let divisor = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let (factor, unit) = scale(suffix)?;
    let numerator = digits.checked_mul(factor)?.checked_mul(1000)?;
    let divisor = divisor.checked_mul(unit)?;
    Some(numerator.div_euclid(divisor) + i128::from(numerator.rem_euclid(divisor) != 0))
}

/// The factor and the divisor of a suffix.
fn scale(suffix: &str) -> Option<(i128, i128)> {
    if let Some(exponent) = suffix.strip_prefix(['e', 'E']).filter(|rest| !rest.is_empty()) {
        let exponent: i32 = exponent.parse().ok()?;
        let power = 10_i128.checked_pow(exponent.unsigned_abs())?;
        return Some(if exponent < 0 { (1, power) } else { (power, 1) });
    }
    let powers = |base: i128, exponent: u32| Some((base.checked_pow(exponent)?, 1));
    match suffix {
        "" => Some((1, 1)),
        "m" => Some((1, 1000)),
        "u" => Some((1, 1_000_000)),
        "n" => Some((1, 1_000_000_000)),
        "k" => powers(1000, 1),
        "M" => powers(1000, 2),
        "G" => powers(1000, 3),
        "T" => powers(1000, 4),
        "P" => powers(1000, 5),
        "E" => powers(1000, 6),
        "Ki" => powers(1024, 1),
        "Mi" => powers(1024, 2),
        "Gi" => powers(1024, 3),
        "Ti" => powers(1024, 4),
        "Pi" => powers(1024, 5),
        "Ei" => powers(1024, 6),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_thousandths() {
        let table = [
            ("0", Some(0)),
            ("1", Some(1000)),
            ("250m", Some(250)),
            ("1.5", Some(1500)),
            ("100u", Some(1)),
            ("1n", Some(1)),
            ("64Ki", Some(65_536_000)),
            ("1.5Gi", Some(1_610_612_736_000)),
            ("2e3", Some(2_000_000)),
            ("1E", Some(1_000_000_000_000_000_000_000)),
            ("5e-1", Some(500)),
            ("-1", Some(-1000)),
            ("", None),
            ("1x", None),
            ("Ki", None),
        ];
        for (text, expected) in table {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
