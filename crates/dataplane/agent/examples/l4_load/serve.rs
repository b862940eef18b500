//! The server: one thread for TCP, which takes one connection after the other, and one for UDP.

use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::thread;

use crate::{PATIENCE, STREAM, WHO};

/// Answers on a port of TCP and UDP for ever.
pub(crate) fn serve(port: u16) -> io::Result<()> {
    let address = (Ipv4Addr::UNSPECIFIED, port);
    let datagrams = UdpSocket::bind(address)?;
    let listener = TcpListener::bind(address)?;
    thread::spawn(move || {
        // An error is that of an answer before, whose client is gone.
        loop {
            _ = answer_datagram(&datagrams);
        }
    });
    for stream in listener.incoming() {
        _ = stream.and_then(answer);
    }
    Ok(())
}

fn answer_datagram(socket: &UdpSocket) -> io::Result<()> {
    let mut octet = [0];
    let (_, peer) = socket.recv_from(&mut octet)?;
    match octet {
        [WHO] => socket.send_to(peer.ip().to_string().as_bytes(), peer)?,
        octet => socket.send_to(&octet, peer)?,
    };
    Ok(())
}

/// Answers, and ends the connection, so that the server and not the client has to remember it.
fn answer(mut stream: TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut octet = [0];
    stream.read_exact(&mut octet)?;
    match octet {
        [STREAM] => swallow(&mut stream),
        [WHO] => stream.write_all(of(stream.peer_addr()?).as_bytes()),
        octet => stream.write_all(&octet),
    }
}

fn of(peer: SocketAddr) -> String {
    peer.ip().to_string()
}

/// Takes all that comes, and tells how much it was.
fn swallow(stream: &mut TcpStream) -> io::Result<()> {
    let mut buffer = vec![0; 256 * 1024];
    let mut taken: u64 = 0;
    loop {
        match stream.read(&mut buffer)? {
            0 => return stream.write_all(&taken.to_le_bytes()),
            len => taken += u64::try_from(len).unwrap_or(0),
        }
    }
}
