//! Repository tasks: `cargo xtask <task>`.

mod codegen;

use clap::Parser;

/// Checks and generators of the repository.
#[derive(Parser)]
enum Task {
    /// Writes generated files that are committed.
    #[command(subcommand)]
    Codegen(codegen::Codegen),
}

fn main() -> anyhow::Result<()> {
    match Task::parse() {
        Task::Codegen(what) => codegen::run(what),
    }
}
