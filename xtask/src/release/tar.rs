//! Reproducible archives in the ustar format: the same files give the same bytes.

use anyhow::{Context, Result, ensure};

/// Headers and contents are padded to this.
const BLOCK: usize = 512;

/// An archive that is written.
#[derive(Default)]
pub(super) struct Archive {
    bytes: Vec<u8>,
}

impl Archive {
    /// Adds a folder; the ones above it must be there already.
    pub(super) fn folder(&mut self, path: &str) -> Result<()> {
        self.header(&format!("{path}/"), b'5', 0o755, 0)
    }

    /// Adds a file.
    pub(super) fn file(&mut self, path: &str, mode: u32, content: &[u8]) -> Result<()> {
        self.header(path, b'0', mode, content.len())?;
        self.bytes.extend_from_slice(content);
        self.pad();
        Ok(())
    }

    /// The archive; two empty blocks end it.
    pub(super) fn finish(mut self) -> Vec<u8> {
        self.bytes.resize(self.bytes.len() + 2 * BLOCK, 0);
        self.bytes
    }

    /// Everything belongs to root and is as old as time, so that two builds do not differ.
    fn header(&mut self, path: &str, kind: u8, mode: u32, size: usize) -> Result<()> {
        ensure!(
            path.len() < 100,
            "{path}: a path of 100 bytes and more does not fit"
        );
        let mut header = Header([0; BLOCK]);
        header.put(0, path.as_bytes())?;
        header.number(100, 8, u64::from(mode))?;
        header.number(108, 8, 0)?;
        header.number(116, 8, 0)?;
        header.number(124, 12, u64::try_from(size)?)?;
        header.number(136, 12, 0)?;
        header.put(156, &[kind])?;
        header.put(257, b"ustar\x0000")?;
        header.put(265, b"root")?;
        header.put(297, b"root")?;
        // The sum is counted with spaces where it will stand.
        header.put(148, b"        ")?;
        let sum: u64 = header.0.iter().map(|byte| u64::from(*byte)).sum();
        header.put(148, format!("{sum:06o}\0 ").as_bytes())?;
        self.bytes.extend_from_slice(&header.0);
        Ok(())
    }

    fn pad(&mut self) {
        let length = self.bytes.len().next_multiple_of(BLOCK);
        self.bytes.resize(length, 0);
    }
}

struct Header([u8; BLOCK]);

impl Header {
    fn put(&mut self, at: usize, bytes: &[u8]) -> Result<()> {
        let place = self
            .0
            .get_mut(at..at + bytes.len())
            .context("outside of the header")?;
        place.copy_from_slice(bytes);
        Ok(())
    }

    /// Octal digits that fill the field but for the zero that ends it.
    fn number(&mut self, at: usize, length: usize, value: u64) -> Result<()> {
        let digits = format!("{value:0width$o}\0", width = length - 1);
        ensure!(
            digits.len() == length,
            "{value} does not fit into {length} digits"
        );
        self.put(at, digits.as_bytes())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Path, kind, mode and content of what is in an archive.
    pub(crate) fn entries(mut bytes: &[u8]) -> Vec<(String, u8, u64, Vec<u8>)> {
        let mut entries = Vec::new();
        let text = |bytes: &[u8]| {
            String::from_utf8(bytes.to_vec())
                .unwrap()
                .trim_matches(['\0', ' '])
                .to_owned()
        };
        while bytes[0] != 0 {
            let (header, rest) = bytes.split_at(BLOCK);
            let number =
                |at: usize, length: usize| u64::from_str_radix(&text(&header[at..at + length]), 8).unwrap();
            let mut summed = header.to_vec();
            summed[148..156].fill(b' ');
            assert_eq!(
                number(148, 8),
                summed.iter().map(|byte| u64::from(*byte)).sum::<u64>()
            );
            assert_eq!((number(108, 8), number(136, 12)), (0, 0), "owner and time");
            assert_eq!(&header[257..265], b"ustar\x0000");
            let size = usize::try_from(number(124, 12)).unwrap();
            entries.push((
                text(&header[..100]),
                header[156],
                number(100, 8),
                rest[..size].to_vec(),
            ));
            bytes = &rest[size.next_multiple_of(BLOCK)..];
        }
        assert_eq!(bytes, [0; 2 * BLOCK]);
        entries
    }

    #[test]
    fn what_is_written_is_read() {
        let mut archive = Archive::default();
        archive.folder("usr").unwrap();
        archive.file("usr/a", 0o755, b"content").unwrap();
        archive.file("empty", 0o644, b"").unwrap();
        assert_eq!(
            entries(&archive.finish()),
            [
                ("usr/".to_owned(), b'5', 0o755, Vec::new()),
                ("usr/a".to_owned(), b'0', 0o755, b"content".to_vec()),
                ("empty".to_owned(), b'0', 0o644, Vec::new()),
            ]
        );
    }

    #[test]
    fn long_paths_are_refused() {
        assert!(Archive::default().file(&"a".repeat(100), 0o644, b"").is_err());
    }
}
