//! `kinglet completion` and `kinglet man`: generated from the definition of the command line.

use anyhow::Result;
use clap::CommandFactory;
use kinglet_config::Cli;

/// Prints a shell's completion script.
pub(crate) fn print(shell: clap_complete::Shell) -> Result<()> {
    clap_complete::generate(shell, &mut Cli::command(), "kinglet", &mut anstream::stdout());
    Ok(())
}

/// Prints the manual page: the main page followed by one section per subcommand.
pub(crate) fn print_man() -> Result<()> {
    let mut out = anstream::stdout();
    let mut root = Cli::command().disable_help_subcommand(true);
    root.build();
    clap_mangen::Man::new(root.clone()).render(&mut out)?;
    for command in root.get_subcommands() {
        clap_mangen::Man::new(command.clone()).render(&mut out)?;
    }
    Ok(())
}
