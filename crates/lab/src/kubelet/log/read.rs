//! Reads logs of containers.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom};
use std::path::Path;

use jiff::Timestamp;

use super::file::{LONGEST, stream};
use crate::kubelet::output::Channel;

/// How much of a file is looked at at once for its last lines.
const BLOCK: u64 = 64 << 10;

/// What of a log is wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Only the last lines.
    pub(crate) tail: Option<u64>,
    /// Only what was written at this time or later.
    pub(crate) since: Option<Timestamp>,
    /// Most bytes.
    pub(crate) limit: Option<usize>,
    /// With the time before each line.
    pub(crate) timestamps: bool,
    /// Only standard output or standard error.
    pub(crate) stream: Option<Channel>,
}

/// Reads a log.
pub(crate) struct Reader {
    file: BufReader<File>,
    wanted: Wanted,
    /// A line that has come without its end.
    pending: Vec<u8>,
    /// The last line that was read was a part.
    within: bool,
}

impl Reader {
    pub(crate) fn open(path: &Path, wanted: Wanted) -> io::Result<Self> {
        let mut file = File::open(path)?;
        let start = match wanted.tail {
            Some(lines) => start_of_last(&mut file, lines)?,
            None => 0,
        };
        file.seek(SeekFrom::Start(start))?;
        Ok(Self {
            file: BufReader::new(file),
            wanted,
            pending: Vec::new(),
            within: false,
        })
    }

    /// What can be read now, at most about a block; empty at the present end.
    pub(crate) fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut out = Vec::new();
        while out.len() < LONGEST && !self.is_over() {
            if self.file.read_until(b'\n', &mut self.pending)? == 0 {
                break;
            }
            if self.pending.last() == Some(&b'\n') {
                let line = std::mem::take(&mut self.pending);
                self.show(&line, &mut out);
            }
        }
        if let Some(left) = &mut self.wanted.limit {
            out.truncate(*left);
            *left -= out.len();
        }
        Ok(out)
    }

    pub(super) fn read_to_end(&mut self, all: &mut Vec<u8>) -> io::Result<()> {
        loop {
            let read = self.read()?;
            if read.is_empty() {
                return Ok(());
            }
            all.extend(read);
        }
    }

    /// The limit is reached.
    pub(crate) fn is_over(&self) -> bool {
        self.wanted.limit == Some(0)
    }

    fn show(&mut self, line: &[u8], out: &mut Vec<u8>) {
        let Some(line) = Line::parse(line) else { return };
        let begins = !std::mem::replace(&mut self.within, line.partial);
        let stream = self.wanted.stream.map(|channel| stream(channel).1);
        let early = || {
            self.wanted.since.is_some_and(|since| {
                let time: Option<Timestamp> = std::str::from_utf8(line.time)
                    .ok()
                    .and_then(|text| text.parse().ok());
                time.is_some_and(|time| time < since)
            })
        };
        if stream.is_some_and(|name| name.as_bytes() != line.stream) || early() {
            return;
        }
        if self.wanted.timestamps && begins {
            out.extend_from_slice(line.time);
            out.push(b' ');
        }
        out.extend_from_slice(line.text);
        if !line.partial {
            out.push(b'\n');
        }
    }
}

struct Line<'a> {
    time: &'a [u8],
    stream: &'a [u8],
    partial: bool,
    text: &'a [u8],
}

impl<'a> Line<'a> {
    fn parse(line: &'a [u8]) -> Option<Self> {
        let line = line.strip_suffix(b"\n")?;
        let mut words = line.splitn(4, |byte| *byte == b' ');
        Some(Self {
            time: words.next()?,
            stream: words.next()?,
            partial: words.next()? == b"P",
            text: words.next()?,
        })
    }
}

/// Where the last lines of a file begin.
fn start_of_last(file: &mut File, lines: u64) -> io::Result<u64> {
    let mut end = file.seek(SeekFrom::End(0))?;
    // The newline at the end belongs to the last line: one more is looked for.
    let mut wanted = lines + 1;
    while end > 0 {
        let start = end.saturating_sub(BLOCK);
        let mut block = Vec::new();
        file.seek(SeekFrom::Start(start))?;
        Read::by_ref(file).take(end - start).read_to_end(&mut block)?;
        for (at, _) in block.iter().enumerate().rev().filter(|(_, byte)| **byte == b'\n') {
            wanted -= 1;
            if wanted == 0 {
                return Ok(start + at as u64 + 1);
            }
        }
        end = start;
    }
    Ok(0)
}
