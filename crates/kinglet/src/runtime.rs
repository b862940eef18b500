//! What a subcommand runs in: logging, TLS and the runtime.

use anyhow::{Context, Result};
use kinglet_config::{LogFormat, LogOptions};

/// Prepares TLS and the runtime, and runs a subcommand that asks a cluster.
pub(crate) fn asking<T>(command: impl Future<Output = Result<T>>) -> Result<T> {
    install_tls();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.context("cannot start the runtime")?.block_on(command)
}

fn install_tls() {
    // Fails only when a provider is installed already, and this is the only place that installs one.
    let _ = rustls::crypto::ring::default_provider().install_default();
}

/// Prepares logging, TLS and the runtime, and runs a subcommand that serves.
pub(crate) fn serving(log: &LogOptions, command: impl Future<Output = Result<()>>) -> Result<()> {
    let format = match log.log_format {
        LogFormat::Text => kinglet_telemetry::LogFormat::Text,
        LogFormat::Json => kinglet_telemetry::LogFormat::Json,
    };
    let filter = log.log_level.parse().context("--log-level")?;
    kinglet_telemetry::init_logging(format, filter);
    install_tls();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .context("cannot start the runtime")?;
    let result = runtime.block_on(command);
    // Blocking tasks that hang, such as name resolution, must not hold up the exit.
    runtime.shutdown_background();
    result
}
