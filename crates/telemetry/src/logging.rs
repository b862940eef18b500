//! Log lines on standard error: coloured text for people, JSON for machines.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

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
#[derive(Debug, thiserror::Error)]
#[error("{filter:?}: {source}")]
pub struct FilterError {
    /// The filter.
    pub filter: String,
    /// What is wrong with it.
    pub source: ParseError,
}

/// Installs the process' log subscriber. `filter` follows `tracing`'s directives, for instance `info` or
/// `info,kinglet_dns_server=debug`.
///
/// # Errors
/// A filter that is not one of `tracing`'s.
pub fn init_logging(format: LogFormat, filter: &str) -> Result<(), FilterError> {
    let wrong = |source| FilterError {
        filter: filter.to_owned(),
        source,
    };
    let filter = EnvFilter::try_new(filter).map_err(wrong)?;
    // If the reader of the log goes away, writing fails; by default that failure is printed to standard
    // error, which fails again and panics.
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .log_internal_errors(false);
    match format {
        LogFormat::Json => builder.json().flatten_event(true).init(),
        LogFormat::Text => {
            builder
                .with_target(false)
                .with_ansi(std::io::stderr().is_terminal())
                .init();
        }
    }
    Ok(())
}
