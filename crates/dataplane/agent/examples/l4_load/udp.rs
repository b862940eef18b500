//! Datagrams that are answered.

use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};

use serde_json::Value;

use crate::report::Stopwatch;
use crate::{OCTET, PATIENCE, TOGETHER, WHO};

/// Datagrams from one port, some of them under way at once.
pub(crate) fn roundtrips(to: SocketAddrV4, count: u32) -> io::Result<Value> {
    let socket = socket(to, 0)?;
    let together = u32::try_from(TOGETHER).unwrap_or(1);
    let rounds = count / together;
    let stopwatch = Stopwatch::start()?;
    for _ in 0..rounds {
        for _ in 0..together {
            socket.send(&[OCTET])?;
        }
        for _ in 0..together {
            receive(&socket)?;
        }
    }
    stopwatch.stop((rounds * together).into())
}

/// Datagrams from as many ports, some of them under way at once.
pub(crate) fn flows(to: SocketAddrV4, count: u16, first: u16) -> io::Result<Value> {
    let ports: Vec<u16> = (first..=u16::MAX).take(count.into()).collect();
    if ports.len() != usize::from(count) {
        return Err(io::Error::other("there are not that many ports"));
    }
    let stopwatch = Stopwatch::start()?;
    let mut open = Vec::with_capacity(TOGETHER);
    for ports in ports.chunks(TOGETHER) {
        for port in ports {
            let socket = socket(to, *port)?;
            socket.send(&[OCTET])?;
            open.push(socket);
        }
        for socket in open.drain(..) {
            receive(&socket)?;
        }
    }
    stopwatch.stop(count.into())
}

/// Whom the server sees.
pub(crate) fn ask(to: SocketAddrV4) -> io::Result<String> {
    let socket = socket(to, 0)?;
    socket.send(&[WHO])?;
    let mut answer = [0; 64];
    let len = socket.recv(&mut answer)?;
    Ok(String::from_utf8_lossy(answer.get(..len).unwrap_or_default()).into_owned())
}

fn socket(to: SocketAddrV4, port: u16) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?;
    socket.connect(to)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn receive(socket: &UdpSocket) -> io::Result<()> {
    let mut answer = [0; 2];
    if socket.recv(&mut answer)? == 1 && answer[0] == OCTET {
        return Ok(());
    }
    Err(io::Error::other("the answer is wrong"))
}
