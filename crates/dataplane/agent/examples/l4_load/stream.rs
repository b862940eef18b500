//! One connection that carries as much as it can.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddrV4};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::STREAM;
use crate::report::Stopwatch;
use crate::tcp::connect;

/// Sends for some time; counts the octets that the server says it got.
pub(crate) fn send(to: SocketAddrV4, time: Duration) -> io::Result<Value> {
    let block = vec![0; 256 * 1024];
    let mut stream = connect(to, 0, STREAM)?;
    let stopwatch = Stopwatch::start()?;
    let end = Instant::now() + time;
    while Instant::now() < end {
        stream.write_all(&block)?;
    }
    stream.shutdown(Shutdown::Write)?;
    let mut taken = [0; 8];
    stream.read_exact(&mut taken)?;
    stopwatch.stop(u64::from_le_bytes(taken))
}
