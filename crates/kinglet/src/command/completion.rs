//! `kinglet completion` and `kinglet man`: generated from the definition of the command line.

use anyhow::{Context, Result};
use clap::CommandFactory;
use clap_complete::CompletionCandidate;
use clap_complete::engine::ArgValueCandidates;
use clap_complete::env::{CompleteEnv, Shells};
use kinglet_config::Cli;
use kinglet_lab::{Entry, LabSettings};

/// The variable by which a shell asks for candidates.
const ASKED: &str = "COMPLETE";
const NAME: &str = "kinglet";

/// Prints a shell's completion script. It asks this program for candidates, so that names of labs, pods and
/// nodes are offered, too.
pub(crate) fn print(shell: clap_complete::Shell) -> Result<()> {
    let shell = shell.to_string();
    let shells = Shells::builtins();
    let script = shells
        .completer(&shell)
        .with_context(|| format!("there is no completion script for {shell}"))?;
    Ok(script.write_registration(ASKED, NAME, NAME, NAME, &mut anstream::stdout())?)
}

/// Answers a shell that asks for candidates, and ends; otherwise nothing happens.
pub(crate) fn answer() {
    CompleteEnv::with_factory(command).var(ASKED).complete();
}

/// The command line, with names where arguments are names.
fn command() -> clap::Command {
    Cli::command().mut_subcommand("lab", |lab| {
        lab.mut_subcommands(|one| {
            one.mut_args(|argument| match argument.get_id().as_str() {
                "name" => argument.add(ArgValueCandidates::new(labs)),
                "pod" => argument.add(ArgValueCandidates::new(pods)),
                "node" => argument.add(ArgValueCandidates::new(nodes)),
                "from" | "to" => argument.add(ArgValueCandidates::new(places)),
                _ => argument,
            })
        })
    })
}

fn labs() -> Vec<CompletionCandidate> {
    let running = Entry::all(&LabSettings::default().state_root);
    let running = running.into_iter().filter(Entry::is_running);
    running.map(|lab| CompletionCandidate::new(lab.name())).collect()
}

/// Places of all labs: which lab is meant may be said later on the line.
fn names() -> Vec<String> {
    let running = Entry::all(&LabSettings::default().state_root);
    let running = running.into_iter().filter(Entry::is_running);
    let mut names: Vec<String> = running.flat_map(|lab| lab.places()).collect();
    names.sort();
    names.dedup();
    names
}

fn places() -> Vec<CompletionCandidate> {
    names().into_iter().map(CompletionCandidate::new).collect()
}

fn pods() -> Vec<CompletionCandidate> {
    let pods = names().into_iter().filter(|name| name.contains('/'));
    pods.map(CompletionCandidate::new).collect()
}

fn nodes() -> Vec<CompletionCandidate> {
    let names = names();
    let nodes = names.iter().filter_map(|name| name.strip_prefix("node:"));
    nodes.map(CompletionCandidate::new).collect()
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
