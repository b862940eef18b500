//! Frames (SPDY Protocol, Draft 3.1, 2.2).

use std::io;

use hyper::body::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt};

/// The version in control frames of SPDY/3.1.
const VERSION: u16 = 3;
/// Marks control frames.
const CONTROL: u32 = 1 << 31;
/// The sender writes no more to the stream.
const FIN: u8 = 1;
/// Most bytes of a frame: clients send at most 32 KiB at once.
const LONGEST: usize = 1 << 20;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GOAWAY: u16 = 7;

/// What a client sends.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Received {
    /// SYN_STREAM, its header block still compressed.
    Open { stream: u32, block: Vec<u8>, fin: bool },
    /// DATA.
    Data { stream: u32, bytes: Bytes, fin: bool },
    /// RST_STREAM.
    Reset { stream: u32 },
    /// PING.
    Ping { id: u32 },
    /// GOAWAY: no more streams come.
    GoAway,
    /// Anything else: nothing here needs it.
    Other,
}

/// What is sent to it.
#[derive(Debug)]
pub(super) enum Sent {
    /// SYN_REPLY.
    Reply { stream: u32 },
    /// DATA.
    Data { stream: u32, bytes: Bytes, fin: bool },
    /// PING, the client's own.
    Ping { id: u32 },
}

/// Reads a frame; `None` at the end.
pub(super) async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Option<Received>> {
    let mut head = [0; 8];
    match from.read_exact(&mut head).await {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        other => other?,
    };
    let [a, b, c, d, flags, length @ ..] = head;
    let first = u32::from_be_bytes([a, b, c, d]);
    let length = length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
    if length > LONGEST {
        return Err(invalid(format!("a frame of {length} bytes")));
    }
    let mut payload = vec![0; length];
    from.read_exact(&mut payload).await?;
    let fin = flags & FIN != 0;
    if first & CONTROL == 0 {
        let bytes = payload.into();
        return Ok(Some(Received::Data {
            stream: first,
            bytes,
            fin,
        }));
    }
    let version = (first & !CONTROL) >> 16;
    if version != u32::from(VERSION) {
        return Err(invalid(format!("version {version}")));
    }
    control(first as u16, &payload, fin).map(Some)
}

fn control(kind: u16, payload: &[u8], fin: bool) -> io::Result<Received> {
    let number = || match payload {
        [a, b, c, d, ..] => Ok(u32::from_be_bytes([*a, *b, *c, *d]) & !CONTROL),
        _ => Err(invalid("a frame that is too short".to_owned())),
    };
    Ok(match kind {
        SYN_STREAM => Received::Open {
            stream: number()?,
            // The associated stream, the priority and the slot come first.
            block: payload.get(10..).unwrap_or_default().to_vec(),
            fin,
        },
        RST_STREAM => Received::Reset { stream: number()? },
        PING => Received::Ping { id: number()? },
        GOAWAY => Received::GoAway,
        _ => Received::Other,
    })
}

fn invalid(what: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("SPDY: {what}"))
}

impl Sent {
    /// The frame; `block` is the header block of a reply.
    pub(super) fn encode(&self, block: &[u8]) -> Vec<u8> {
        match self {
            Self::Reply { stream } => {
                let payload = [&stream.to_be_bytes(), block].concat();
                frame(control_word(SYN_REPLY), 0, &payload)
            }
            Self::Data { stream, bytes, fin } => frame(*stream, u8::from(*fin) * FIN, bytes),
            Self::Ping { id } => frame(control_word(PING), 0, &id.to_be_bytes()),
        }
    }
}

fn control_word(kind: u16) -> u32 {
    CONTROL | u32::from(VERSION) << 16 | u32::from(kind)
}

fn frame(first: u32, flags: u8, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(8 + payload.len());
    out.extend_from_slice(&first.to_be_bytes());
    // Lengths have 24 bits; payloads here are far shorter.
    out.extend_from_slice(&(payload.len() as u32 & 0xff_ffff).to_be_bytes());
    out[4] = flags;
    out.extend_from_slice(payload);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn received(bytes: &[u8]) -> Received {
        let mut from = bytes;
        read(&mut from).await.unwrap().unwrap()
    }

    #[tokio::test]
    async fn frames_are_read_and_written() {
        let data = Sent::Data {
            stream: 5,
            bytes: Bytes::from_static(b"hello"),
            fin: true,
        };
        let expected = Received::Data {
            stream: 5,
            bytes: Bytes::from_static(b"hello"),
            fin: true,
        };
        assert_eq!(received(&data.encode(&[])).await, expected);
        assert_eq!(data.encode(&[])[..8], [0, 0, 0, 5, 1, 0, 0, 5]);
        let ping = Sent::Ping { id: 3 }.encode(&[]);
        assert_eq!(ping, [0x80, 3, 0, 6, 0, 0, 0, 4, 0, 0, 0, 3]);
        assert_eq!(received(&ping).await, Received::Ping { id: 3 });
        let open = [
            &[0x80, 3, 0, 1, 0, 0, 0, 12][..],
            &[0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 7, 8],
        ]
        .concat();
        assert_eq!(
            received(&open).await,
            Received::Open {
                stream: 1,
                block: vec![7, 8],
                fin: false
            }
        );
        let reply = Sent::Reply { stream: 1 }.encode(&[9]);
        assert_eq!(reply, [0x80, 3, 0, 2, 0, 0, 0, 5, 0, 0, 0, 1, 9]);
    }

    #[tokio::test]
    async fn what_is_no_frame_is_an_error() {
        for bytes in [
            &[0x80, 2, 0, 6, 0, 0, 0, 4, 0, 0, 0, 3][..],
            &[0x80, 3, 0, 6, 0, 0, 0, 0],
            &[0, 0, 0, 1, 0, 255, 0, 0],
        ] {
            let mut from = bytes;
            assert!(read(&mut from).await.is_err(), "{bytes:?}");
        }
        let mut nothing = &[][..];
        assert!(read(&mut nothing).await.unwrap().is_none());
    }
}
