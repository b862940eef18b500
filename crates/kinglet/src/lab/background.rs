//! Labs in the background: the process that runs one tells the process that started it what it does.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, bail};
use kinglet_config::LabUp;
use kinglet_lab::{Entry, LabSettings};

/// A line that says that everything is ready.
const READY: &str = "ready";

/// Starts `lab run` with the same options and waits until it is ready.
pub(super) fn up(settings: &LabSettings, up: &LabUp) -> Result<()> {
    settings.validate()?;
    kinglet_lab::check(settings)?;
    let began = Instant::now();
    let name = &settings.name;
    if Entry::of(&settings.state_root, name).is_running() {
        return Err(kinglet_lab::LabError::Running(name.clone()).into());
    }
    let log = log_file(&settings.state_root, name);
    let mut process = start(&log)?;
    follow(&mut process, &log)?;
    let description = Entry::of(&settings.state_root, name).description()?;
    let kubeconfig = up.write_kubeconfig.as_ref().unwrap_or(&description.kubeconfig);
    anstream::eprintln!(
        "lab {name} is up after {:.1} s; kubectl --kubeconfig {}",
        began.elapsed().as_secs_f64(),
        kubeconfig.display()
    );
    Ok(())
}

/// The same command line with `run` for `up`, in a process group of its own: Ctrl-C of this terminal is not
/// for it.
fn start(log: &Path) -> Result<Child> {
    let failed = || format!("cannot write {}", log.display());
    if let Some(directory) = log.parent() {
        fs::create_dir_all(directory).with_context(failed)?;
    }
    let file = File::create(log).with_context(failed)?;
    let mut changed = false;
    let arguments = std::env::args_os().skip(1).map(|argument| {
        if argument == "up" && !std::mem::replace(&mut changed, true) {
            "run".into()
        } else {
            argument
        }
    });
    Command::new(std::env::current_exe().context("cannot find this program")?)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(file)
        .process_group(0)
        .spawn()
        .context("cannot start the lab's process")
}

/// Shows what the lab's process tells until it is ready.
fn follow(process: &mut Child, log: &Path) -> Result<()> {
    let told = process.stdout.take().map(BufReader::new);
    for line in told.into_iter().flat_map(BufRead::lines).map_while(Result::ok) {
        if line == READY {
            return Ok(());
        }
        anstream::eprintln!("  {line}");
    }
    // Its output ended without the word: it is gone, or about to.
    let status = process.wait()?;
    let text = fs::read_to_string(log).unwrap_or_default();
    let error = text.lines().rev().find_map(|line| line.strip_prefix("error: "));
    match error {
        Some(error) => bail!("{error}"),
        None => bail!("the lab's process ended ({status}); its log is {}", log.display()),
    }
}

fn log_file(root: &Path, name: &str) -> PathBuf {
    root.join(format!("{name}.log"))
}

/// Removes the log of a lab that is gone.
pub(super) fn forget(root: &Path, name: &str) {
    // None was written for a lab in the foreground.
    let _ = fs::remove_file(log_file(root, name));
}

/// Tells what is being done.
pub(super) fn tell(step: &str) {
    say(step);
}

/// Tells that everything is ready.
pub(super) fn ready() {
    say(READY);
}

fn say(line: &str) {
    let mut out = io::stdout().lock();
    // Who started this may be gone; the lab goes on.
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
