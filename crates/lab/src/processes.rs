//! Ends whatever still runs in namespaces: programs that programs started.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::sys::stat::{FileStat, fstat, stat};
use nix::unistd::Pid;

use crate::netns::Namespace;

/// Kills every process in one of the namespaces, but not the calling one. Returns how many there were.
pub(crate) fn end(namespaces: &[Namespace]) -> usize {
    let inside: Vec<(u64, u64)> = namespaces
        .iter()
        .filter_map(|namespace| fstat(namespace.fd()).ok())
        .map(|file| identity(&file))
        .collect();
    let own = std::process::id();
    let mut ended = 0;
    for process in all().filter(|process| *process != own) {
        // Namespaces are the same when device and inode of their files are (namespaces(7)).
        let network = stat(format!("/proc/{process}/ns/net").as_str());
        if network.is_ok_and(|network| inside.contains(&identity(&network))) {
            ended += usize::from(kill_process(process));
        }
    }
    ended
}

fn identity(file: &FileStat) -> (u64, u64) {
    (file.st_dev, file.st_ino)
}

fn all() -> impl Iterator<Item = u32> {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
}

fn kill_process(process: u32) -> bool {
    i32::try_from(process).is_ok_and(|process| kill(Pid::from_raw(process), Signal::SIGKILL).is_ok())
}
