//! The `kinglet` binary: the composition root.
//!
//! One file per subcommand in [`command`]; [`server`] puts the parts together; [`services`] feeds each
//! service from the watched objects. Only this crate picks the TLS provider, installs the log subscriber and
//! decides exit codes.

mod agent;
mod command;
mod demo;
mod explain;
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
        command::cni::run()
    } else {
        command::run(Cli::parse())
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let red = anstyle::AnsiColor::Red.on_default().bold();
            anstream::eprintln!("{red}error:{red:#} {}", describe(&error));
            ExitCode::FAILURE
        }
    }
}

/// The error with its causes, without those that it names already: some libraries repeat the cause in their
/// own text.
fn describe(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |text, cause| match text.as_str() {
            "" => cause,
            known if known.ends_with(&cause) => text,
            _ => format!("{text}: {cause}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_named_once() {
        let error = anyhow::anyhow!("no such file")
            .context("directory x: no such file")
            .context("--data-dir x");
        assert_eq!(describe(&error), "--data-dir x: directory x: no such file");
    }
}
