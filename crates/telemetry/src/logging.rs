//! Log lines on standard error: coloured text for people, JSON for machines.

use std::io::IsTerminal;
use std::str::FromStr;

use tracing_subscriber::Layer;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// One readable line per event.
    #[default]
    Text,
    /// One JSON object per event.
    Json,
}

/// A filter of log lines that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FilterError {
    /// What should be a level is none.
    #[error("{0:?} is not a level: off, error, warn, info, debug or trace, or PART=LEVEL")]
    Level(String),
    /// An equals sign has nothing before it.
    #[error("{0:?} names no part of the program before the equals sign")]
    Part(String),
}

/// Which log lines are written.
#[derive(Clone, Debug)]
pub struct LogFilter(Targets);

impl FromStr for LogFilter {
    type Err = FilterError;

    /// A level for all, or for parts of the program, for instance `info` or `info,kinglet_dns_server=debug`.
    /// The longest name of a part that fits decides.
    fn from_str(text: &str) -> Result<Self, FilterError> {
        let mut filter = Targets::new();
        for directive in text.split(',').map(str::trim) {
            filter = match directive.split_once('=') {
                None => filter.with_default(level(directive)?),
                Some(("", _)) => return Err(FilterError::Part(directive.to_owned())),
                Some((part, text)) => filter.with_target(part.trim(), level(text.trim())?),
            };
        }
        Ok(Self(filter))
    }
}

fn level(text: &str) -> Result<LevelFilter, FilterError> {
    // The library also takes numbers, and an empty text for `error`.
    let word = text.starts_with(|first: char| first.is_ascii_alphabetic());
    let parsed = word.then(|| text.parse().ok()).flatten();
    parsed.ok_or_else(|| FilterError::Level(text.to_owned()))
}

/// Installs the process' log subscriber.
pub fn init_logging(format: LogFormat, filter: LogFilter) {
    // If the reader of the log goes away, writing fails; by default that failure is printed to standard
    // error, which fails again and panics.
    let lines = fmt::layer()
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).boxed(),
        LogFormat::Text => lines
            .with_target(false)
            .with_ansi(std::io::stderr().is_terminal())
            .boxed(),
    };
    let subscriber = tracing_subscriber::registry();
    subscriber.with(lines.with_filter(filter.0)).init();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        let wrong = |text: &str| text.parse::<LogFilter>().unwrap_err().to_string();
        let level = "is not a level: off, error, warn, info, debug or trace, or PART=LEVEL";
        assert_eq!(wrong("foo"), format!("\"foo\" {level}"));
        assert_eq!(wrong(""), format!("\"\" {level}"));
        assert_eq!(wrong("info,"), format!("\"\" {level}"));
        assert_eq!(wrong("info,kinglet_kube=7"), format!("\"7\" {level}"));
        assert_eq!(
            wrong("=debug"),
            "\"=debug\" names no part of the program before the equals sign"
        );

        let filter: LogFilter = "warn, kinglet_kube=debug".parse().unwrap();
        let enabled = |part, level| filter.0.would_enable(part, &level);
        assert!(enabled("kinglet_kube::watch", tracing::Level::DEBUG));
        assert!(!enabled("kinglet_kube::watch", tracing::Level::TRACE));
        assert!(enabled("kinglet_netpol", tracing::Level::WARN));
        assert!(!enabled("kinglet_netpol", tracing::Level::INFO));
        let silent: LogFilter = "off".parse().unwrap();
        assert!(!silent.0.would_enable("kinglet", &tracing::Level::ERROR));
    }
}
