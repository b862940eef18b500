//! `kinglet completion` and `kinglet man`: generated from the definition of the command line.

use anyhow::Result;
use clap::CommandFactory;
use kinglet_config::Cli;

/// Prints a shell's completion script.
pub(crate) fn print(shell: clap_complete::Shell) -> Result<()> {
    clap_complete::generate(shell, &mut Cli::command(), "kinglet", &mut anstream::stdout());
    Ok(())
}

/// Prints the manual page: the main page followed by one section per subcommand, those of subcommands
/// included.
pub(crate) fn print_man() -> Result<()> {
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    print_pages(&root, &mut anstream::stdout())
}

fn print_pages(command: &clap::Command, out: &mut impl std::io::Write) -> Result<()> {
    clap_mangen::Man::new(command.clone()).render(out)?;
    let shown = command.get_subcommands().filter(|one| !one.is_hide_set());
    for subcommand in shown {
        print_pages(subcommand, out)?;
    }
    Ok(())
}
