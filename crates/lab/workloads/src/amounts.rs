//! Amounts that are a number or a percentage (`IntOrString`).

use serde_json::Value;

/// The amount of a whole: a percentage of it, rounded up or down, or the number itself. What is neither
/// counts as none.
pub(super) fn scaled(amount: &Value, whole: i32, round_up: bool) -> i32 {
    let number = match amount {
        Value::Number(number) => number.as_i64().unwrap_or_default(),
        Value::String(text) => percentage(text, whole, round_up),
        _ => 0,
    };
    i32::try_from(number.max(0)).unwrap_or(i32::MAX)
}

fn percentage(text: &str, whole: i32, round_up: bool) -> i64 {
    let percent: i64 = text
        .strip_suffix('%')
        .and_then(|number| number.parse().ok())
        .unwrap_or_default();
    let hundredths = percent * i64::from(whole);
    hundredths / 100 + i64::from(round_up && hundredths % 100 != 0)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn surge_is_rounded_up_and_unavailable_down() {
        let table = [
            (json!(3), 10, 3, 3),
            (json!("25%"), 10, 3, 2),
            (json!("100%"), 10, 10, 10),
            (json!("1%"), 1, 1, 0),
            (json!("0%"), 10, 0, 0),
            (json!("x"), 10, 0, 0),
            (json!(null), 10, 0, 0),
            (json!(-1), 10, 0, 0),
        ];
        for (amount, whole, up, down) in table {
            assert_eq!(scaled(&amount, whole, true), up, "{amount}");
            assert_eq!(scaled(&amount, whole, false), down, "{amount}");
        }
    }
}
