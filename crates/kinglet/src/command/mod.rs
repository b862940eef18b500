//! Subcommands.

mod agent;
mod cleanup;
pub(crate) mod cni;
pub(crate) mod completion;
mod lb;
mod server;
mod version;

use anyhow::Result;
use kinglet_config::{Cli, Command};

use crate::runtime::{asking, serving};

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
