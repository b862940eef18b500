//! Header blocks: names and values, compressed as one zlib stream for each direction of a connection.

use std::io;

use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::dictionary::dictionary;

/// Most bytes of a block: clients send a handful of short headers.
const LONGEST: usize = 64 << 10;
/// A zlib header and the checksum of its dictionary (RFC 1950, 2.2).
const ZLIB_HEADER: usize = 6;

/// Names in lower case, with their values.
pub(super) type Headers = Vec<(String, String)>;

/// Reads blocks.
pub(super) struct Decoder {
    inflate: Decompress,
    /// Bytes of the zlib header that are still to come.
    header: usize,
}

impl Decoder {
    pub(super) fn new() -> io::Result<Self> {
        let mut inflate = Decompress::new(false);
        let dictionary = dictionary();
        // The window is filled with the dictionary by a stored block that holds it (RFC 1951, 3.2.4): not
        // every implementation of zlib takes dictionaries otherwise.
        let length = u16::try_from(dictionary.len()).map_err(io::Error::other)?;
        let mut block = vec![0];
        block.extend_from_slice(&length.to_le_bytes());
        block.extend_from_slice(&(!length).to_le_bytes());
        block.extend_from_slice(&dictionary);
        let mut filled = Vec::with_capacity(dictionary.len() + 1);
        inflate.decompress_vec(&block, &mut filled, FlushDecompress::Sync)?;
        if filled != dictionary {
            return Err(io::Error::other("zlib did not take the dictionary"));
        }
        Ok(Self {
            inflate,
            header: ZLIB_HEADER,
        })
    }

    /// The headers of the next block.
    pub(super) fn decode(&mut self, block: &[u8]) -> io::Result<Headers> {
        let skipped = self.header.min(block.len());
        self.header -= skipped;
        let text = self.inflate(&block[skipped..])?;
        parse(&text).ok_or_else(|| invalid("a header block is cut off"))
    }

    fn inflate(&mut self, mut block: &[u8]) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(1024);
        loop {
            let (read, written) = (self.inflate.total_in(), out.len());
            let status = self
                .inflate
                .decompress_vec(block, &mut out, FlushDecompress::Sync)?;
            let read = usize::try_from(self.inflate.total_in() - read).map_err(io::Error::other)?;
            block = &block[read..];
            if out.len() > LONGEST {
                return Err(invalid("a header block is too long"));
            }
            if status == Status::StreamEnd || (block.is_empty() && out.len() < out.capacity()) {
                return Ok(out);
            }
            if read == 0 && out.len() == written && out.len() < out.capacity() {
                return Err(invalid("a header block cannot be read"));
            }
            out.reserve(1024);
        }
    }
}

fn invalid(message: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, message)
}

fn parse(mut text: &[u8]) -> Option<Headers> {
    let count = take_number(&mut text)?;
    let mut all = Vec::new();
    for _ in 0..count {
        let name = take_text(&mut text)?;
        all.push((name, take_text(&mut text)?));
    }
    Some(all)
}

fn take_number(text: &mut &[u8]) -> Option<u32> {
    let (number, rest) = text.split_first_chunk()?;
    *text = rest;
    Some(u32::from_be_bytes(*number))
}

fn take_text(text: &mut &[u8]) -> Option<String> {
    let length = usize::try_from(take_number(text)?).ok()?;
    let (part, rest) = text.split_at_checked(length)?;
    *text = rest;
    Some(String::from_utf8_lossy(part).into_owned())
}

/// Writes blocks.
pub(super) struct Encoder {
    deflate: Compress,
}

impl Encoder {
    pub(super) fn new() -> Self {
        // Without the dictionary: the zlib header says so, and answers have no headers.
        Self {
            deflate: Compress::new(Compression::fast(), true),
        }
    }

    /// A block without headers.
    pub(super) fn empty(&mut self) -> io::Result<Vec<u8>> {
        let mut out = Vec::with_capacity(64);
        // Flushed: the peer reads it before there is more.
        self.deflate
            .compress_vec(&0_u32.to_be_bytes(), &mut out, FlushCompress::Sync)?;
        Ok(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Made by zlib with the dictionary, as clients do: the second block refers to the first.
    const BLOCKS: [&[u8]; 2] = [
        b"\x78\xf9\xe3\xc6\xa7\xc2\x02\x25\x3a\x70\x3a\x2b\x29\x4a\x4d\xcc\x85\x16\x25\xac\xa9\xa0\x80\x86\x14\xcb\x45\xa0\x24\
          \xcc\x64\x61\x80\x54\x68\x70\x82\xb2\x73\x0e\x88\x03\x00\x00\x00\xff\xff",
        b"\xc2\xaa\x1b\x54\x10\x25\x12\xa1\x19\x00\x00\x00\xff\xff",
    ];

    #[test]
    fn blocks_of_a_client() {
        let mut decoder = Decoder::new().unwrap();
        for (block, kind) in BLOCKS.into_iter().zip(["error", "data"]) {
            let expected = [("streamtype", kind), ("port", "80"), ("host", "localhost")]
                .map(|(name, value)| (name.to_owned(), value.to_owned()));
            assert_eq!(decoder.decode(block).unwrap(), expected);
        }
        assert!(decoder.decode(&[7]).is_err());
    }

    #[test]
    fn a_block_that_grows_without_end_is_refused() {
        let mut deflate = Compress::new(Compression::best(), false);
        let mut block = vec![0; ZLIB_HEADER];
        block.reserve(1 << 20);
        deflate
            .compress_vec(&vec![0; 1 << 20], &mut block, FlushCompress::Sync)
            .unwrap();
        let mut decoder = Decoder::new().unwrap();
        assert!(decoder.decode(&block).is_err());
    }

    #[test]
    fn empty_blocks_are_read_by_zlib() {
        let mut encoder = Encoder::new();
        let mut inflate = Decompress::new(true);
        for _ in 0..2 {
            let mut out = Vec::with_capacity(64);
            let block = encoder.empty().unwrap();
            inflate
                .decompress_vec(&block, &mut out, FlushDecompress::Sync)
                .unwrap();
            assert_eq!(out, [0; 4]);
        }
    }
}
