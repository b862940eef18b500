//! The `kinglet` binary: the composition root.
//!
//! One file per subcommand in [`command`]; [`server`] puts the parts together; [`services`] feeds each
//! service from the watched objects. Only this crate picks the TLS provider, installs the log subscriber and
//! decides exit codes.

mod agent;
mod command;
mod demo;
mod explain;
mod failure;
mod health;
mod host;
mod lab;
mod runtime;
mod server;
mod services;
mod shutdown;

use std::process::ExitCode;

use clap::Parser;
use kinglet_config::Cli;

fn main() -> ExitCode {
    let result = if command::cni::is_called() {
        command::cni::run().map(|()| ExitCode::SUCCESS)
    } else {
        command::completion::answer();
        command::run(Cli::parse())
    };
    match result {
        Ok(code) => code,
        Err(error) => {
            failure::print(&error);
            ExitCode::FAILURE
        }
    }
}
