//! What other processes do with a lab that runs.

use std::path::Path;
use std::time::{Duration, Instant};

use nix::sys::signal::Signal;

use crate::control::{self, Request};
use crate::error::LabError;
use crate::registry::{Description, Entry};

/// Ends a lab of another process, whether it runs or was killed; everything of it is removed.
pub fn down(root: &Path, name: &str) -> Result<bool, LabError> {
    let entry = Entry::of(root, name);
    let was_there = entry.directory().exists();
    if entry.is_running() {
        end_running(&entry)?;
    }
    entry.remove()?;
    Ok(was_there)
}

/// How long a lab may take to end in good order.
const ENDING: Duration = Duration::from_secs(10);

fn end_running(entry: &Entry) -> Result<(), LabError> {
    let description = entry.description();
    if control::send(&entry.socket(), &Request::Down).is_err() {
        signal(description.as_ref().ok(), Signal::SIGTERM);
    }
    let deadline = Instant::now() + ENDING;
    while entry.is_running() {
        if Instant::now() > deadline {
            signal(description.as_ref().ok(), Signal::SIGKILL);
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Ok(())
}

fn signal(description: Option<&Description>, signal: Signal) {
    let pid = description.and_then(|description| i32::try_from(description.pid).ok());
    if let Some(pid) = pid {
        // Gone already is fine.
        let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal);
    }
}

/// Sends a command to a running lab.
pub fn command(root: &Path, name: &str, request: &Request) -> Result<(), LabError> {
    let entry = Entry::of(root, name);
    if !entry.is_running() {
        return Err(LabError::NotRunning(name.to_owned()));
    }
    control::send(&entry.socket(), request)
}
