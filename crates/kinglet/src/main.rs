//! The `kinglet` binary: the composition root.
//!
//! One file per subcommand in [`command`]; [`standalone`] puts the parts together; [`services`] feeds each service from the watched objects.
//! Only this crate picks the TLS provider, installs the log subscriber and decides exit codes.

mod command;
mod demo;
mod host;
mod listeners;
mod packaged;
mod services;
mod shutdown;
mod standalone;

use std::process::ExitCode;

use clap::Parser;
use kinglet_config::Cli;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match command::run(cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!(
                "{red}error:{red:#} {error:#}",
                red = anstyle::AnsiColor::Red.on_default().bold()
            );
            ExitCode::FAILURE
        }
    }
}
