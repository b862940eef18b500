//! Connections, each of which carries an octet there and back.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddrV4, TcpStream};

use serde_json::Value;
use socket2::{Domain, Socket, Type};

use crate::report::Stopwatch;
use crate::{OCTET, PATIENCE, TOGETHER, WHO};

/// Opens some connections at once, gets their answers in the same order, then opens the next ones.
pub(crate) fn connections(to: SocketAddrV4, count: u16, first: u16) -> io::Result<Value> {
    let ports: Vec<u16> = (first..=u16::MAX).take(count.into()).collect();
    if ports.len() != usize::from(count) {
        return Err(io::Error::other("there are not that many ports"));
    }
    let stopwatch = Stopwatch::start()?;
    let mut open = Vec::with_capacity(TOGETHER);
    for ports in ports.chunks(TOGETHER) {
        for port in ports {
            open.push(connect(to, *port, OCTET)?);
        }
        for stream in open.drain(..) {
            finish(stream)?;
        }
    }
    stopwatch.stop(count.into())
}

/// Whom the server sees.
pub(crate) fn ask(to: SocketAddrV4) -> io::Result<String> {
    let mut answer = String::new();
    connect(to, 0, WHO)?.read_to_string(&mut answer)?;
    Ok(answer)
}

/// A connection from a port, with the octet sent.
pub(crate) fn connect(to: SocketAddrV4, port: u16, octet: u8) -> io::Result<TcpStream> {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
    socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port).into())?;
    socket.connect(&to.into())?;
    let mut stream = TcpStream::from(socket);
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(&[octet])?;
    Ok(stream)
}

/// Reads the answer and the end.
fn finish(mut stream: TcpStream) -> io::Result<()> {
    let mut answer = [0; 2];
    stream.read_exact(&mut answer[..1])?;
    if answer[0] != OCTET || stream.read(&mut answer)? != 0 {
        return Err(io::Error::other("the answer is wrong"));
    }
    Ok(())
}
