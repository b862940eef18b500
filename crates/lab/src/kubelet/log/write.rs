//! Writes logs of containers.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use jiff::Timestamp;

use super::file::{LONGEST, directory, path, stream};
use crate::kubelet::output::Channel;

/// Writes what a container says.
pub(crate) struct Writer {
    file: File,
    /// What has come of lines without their ends, of standard output and standard error.
    pending: [Vec<u8>; 2],
}

impl Writer {
    /// Begins the log of a start. Of former ones the last stays, as with a kubelet.
    pub(crate) fn begin(place: &Path, container: &str, restarts: u32) -> io::Result<Self> {
        fs::create_dir_all(directory(place, container))?;
        if let Some(old) = restarts.checked_sub(2) {
            // There is none when the container did not start that time.
            let _ = fs::remove_file(path(place, container, old));
        }
        let file = File::options()
            .create(true)
            .append(true)
            .open(path(place, container, restarts))?;
        Ok(Self {
            file,
            pending: [Vec::new(), Vec::new()],
        })
    }

    /// Writes a chunk; a line without end waits for it.
    pub(crate) fn write(&mut self, channel: Channel, chunk: &[u8], now: Timestamp) -> io::Result<()> {
        let (index, name) = stream(channel);
        let pending = &mut self.pending[index];
        pending.extend_from_slice(chunk);
        let (mut out, mut from) = (Vec::new(), 0);
        loop {
            let rest = &pending[from..];
            let end = rest.iter().take(LONGEST).position(|byte| *byte == b'\n');
            match end {
                Some(end) => {
                    line(&mut out, now, name, 'F', &rest[..end]);
                    from += end + 1;
                }
                None if rest.len() >= LONGEST => {
                    line(&mut out, now, name, 'P', &rest[..LONGEST]);
                    from += LONGEST;
                }
                None => break,
            }
        }
        pending.drain(..from);
        // At once: readers see whole lines.
        self.file.write_all(&out)
    }

    /// Writes what has no end and gets none.
    pub(crate) fn finish(mut self, now: Timestamp) -> io::Result<()> {
        let mut out = Vec::new();
        for channel in [Channel::Stdout, Channel::Stderr] {
            let (index, name) = stream(channel);
            if !self.pending[index].is_empty() {
                line(&mut out, now, name, 'P', &self.pending[index]);
            }
        }
        self.file.write_all(&out)
    }
}

fn line(out: &mut Vec<u8>, now: Timestamp, stream: &str, tag: char, text: &[u8]) {
    let time = now.strftime("%Y-%m-%dT%H:%M:%S%.9fZ");
    out.extend_from_slice(format!("{time} {stream} {tag} ").as_bytes());
    out.extend_from_slice(text);
    out.push(b'\n');
}
