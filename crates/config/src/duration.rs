//! Durations as options have them.

use std::time::Duration;

use jiff::SignedDuration;

/// Also as Go prints it: 5m0s.
pub(crate) fn duration(text: &str) -> Result<Duration, DurationError> {
    // A plain number has no unit; only zero needs none.
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    let parsed: SignedDuration = text.parse().map_err(|_| DurationError)?;
    Duration::try_from(parsed).map_err(|_| DurationError)
}

/// A text is no duration, or a negative one.
#[derive(Debug, thiserror::Error)]
#[error("a duration such as 30s, 5m or 1h30m is accepted, or 0")]
pub(crate) struct DurationError;
