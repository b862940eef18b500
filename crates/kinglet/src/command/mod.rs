//! Subcommands.

mod agent;
mod cleanup;
pub(crate) mod cni;
pub(crate) mod completion;
mod explain;
mod lb;
mod server;
mod version;

use std::process::ExitCode;

use anyhow::Result;
use kinglet_config::{Cli, Command};

use crate::runtime::serving;

/// Runs the chosen subcommand to its end.
pub(crate) fn run(cli: Cli) -> Result<ExitCode> {
    let ended = match cli.command {
        Command::Explain(command) => return Ok(explain::run(command.topic)),
        Command::Completion { shell } => completion::print(shell),
        Command::Man => completion::print_man(),
        Command::Version { output } => version::print(output),
        Command::Agent(options) => serving(&cli.log, agent::run(*options)),
        Command::Cleanup => cleanup::run(),
        Command::Cni => cni::run(),
        Command::Lb => serving(&cli.log, lb::run()),
        Command::Server(options) => serving(&cli.log, server::run(*options)),
        Command::Demo(options) => serving(&cli.log, crate::demo::run(*options)),
        Command::Lab(command) => crate::lab::act(command.action, &cli.log),
    };
    ended.map(|()| ExitCode::SUCCESS)
}
