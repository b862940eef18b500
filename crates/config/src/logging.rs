//! Options of logging.

use clap::{Args, ValueEnum};

/// How logs look.
#[derive(Args, Clone, Debug)]
pub struct LogOptions {
    /// Which log lines to write: off, error, warn, info, debug, trace, or per part, for instance
    /// info,kinglet_dns_server=debug.
    #[arg(
        long,
        global = true,
        env = "KINGLET_LOG_LEVEL",
        default_value = "info",
        value_name = "FILTER",
        help_heading = "Logging"
    )]
    pub log_level: String,
    /// Form of log lines.
    #[arg(
        long,
        global = true,
        env = "KINGLET_LOG_FORMAT",
        value_enum,
        default_value_t,
        help_heading = "Logging"
    )]
    pub log_format: LogFormat,
}

/// Form of log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Readable lines.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}
