//! Repository tasks: `cargo xtask <task>`.

mod codegen;
mod markdown;
mod measure;
mod modules;
mod release;
mod source;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Checks and generators of the repository.
#[derive(Parser)]
enum Task {
    /// Writes generated files that are committed.
    #[command(subcommand)]
    Codegen(codegen::Codegen),
    /// Measures the code: sizes, comments, tests and habits, for the whole and for each crate.
    Measure(measure::Options),
    /// Builds what a release has: a static binary, an image, notes and checksums.
    Release(release::Options),
    /// Checks the rules of the repository that no compiler checks.
    Tidy(tidy::Options),
}

fn main() -> ExitCode {
    let result = match Task::parse() {
        Task::Codegen(what) => codegen::run(what),
        Task::Measure(options) => measure::run(&options),
        Task::Release(options) => release::run(&options),
        Task::Tidy(options) => tidy::run(&options),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
