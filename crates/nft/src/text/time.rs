//! Prints times: days, hours, minutes, seconds, milliseconds.

use std::time::Duration;

/// The time without the units of which there are none.
pub(super) fn time(duration: Duration) -> String {
    let milliseconds = duration.as_millis();
    let seconds = milliseconds / 1_000;
    let units = [
        (seconds / 86_400, "d"),
        (seconds / 3_600 % 24, "h"),
        (seconds / 60 % 60, "m"),
        (seconds % 60, "s"),
        (milliseconds % 1_000, "ms"),
    ];
    let some = units.iter().filter(|(count, _)| *count > 0);
    let text: String = some.map(|(count, unit)| format!("{count}{unit}")).collect();
    if text.is_empty() { "0s".into() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_units_of_which_there_are_some_are_printed() {
        assert_eq!(time(Duration::from_secs(90)), "1m30s");
        assert_eq!(time(Duration::from_millis(93_784_500)), "1d2h3m4s500ms");
        assert_eq!(time(Duration::ZERO), "0s");
    }
}
