//! Subcommands.

mod agent;
mod cleanup;
pub(crate) mod cni;
mod completion;
mod lb;
mod server;
mod version;

use anyhow::{Context, Result};
use kinglet_config::{Cli, Command, LogFormat, LogOptions};

/// Runs the chosen subcommand to its end.
pub(crate) fn run(cli: Cli) -> Result<()> {
    match cli.command {
        Command::Completion { shell } => completion::print(shell),
        Command::Man => completion::print_man(),
        Command::Version { output } => version::print(output),
        Command::Agent(options) => serving(&cli.log, agent::run(*options)),
        Command::Cleanup => cleanup::run(),
        Command::Cni => cni::run(),
        Command::Lb => serving(&cli.log, lb::run()),
        Command::Explain(command) => asking(crate::explain::run(command.topic)),
        Command::Server(options) => serving(&cli.log, server::run(*options)),
        Command::Demo(options) => serving(&cli.log, crate::demo::run(*options)),
        Command::Lab(command) => crate::lab::act(command.action, &cli.log),
    }
}

/// Prepares TLS and the runtime, and runs a subcommand that asks a cluster.
fn asking(command: impl Future<Output = Result<()>>) -> Result<()> {
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
    kinglet_telemetry::init_logging(format, &log.log_level).context("--log-level")?;
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
