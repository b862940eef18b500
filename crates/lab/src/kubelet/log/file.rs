//! Where logs are, and what their lines are made of.

use std::path::{Path, PathBuf};

use crate::kubelet::output::Channel;

/// A line longer than this is written in parts.
pub(super) const LONGEST: usize = 16 << 10;

/// The file of a container's start; starts are counted by its restarts.
pub(crate) fn path(place: &Path, container: &str, restarts: u32) -> PathBuf {
    directory(place, container).join(format!("{restarts}.log"))
}

pub(super) fn directory(place: &Path, container: &str) -> PathBuf {
    place.join("logs").join(container)
}

/// Number and name of a stream.
pub(super) fn stream(channel: Channel) -> (usize, &'static str) {
    match channel {
        Channel::Stdout => (0, "stdout"),
        Channel::Stderr | Channel::Status => (1, "stderr"),
    }
}
