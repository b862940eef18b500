//! Taking the addresses.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// Pending connections per listener.
const BACKLOG: i32 = 1024;
/// Octets of queries that may wait per UDP worker; the system may grant less.
const RECEIVE_BUFFER: usize = 1 << 20;
/// Times that another free port is tried, when any will do and TCP does not get the one of UDP.
const PORT_TRIES: usize = 16;

/// An address that could not be taken.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {address} over {transport}: {source}")]
pub struct BindError {
    /// The address.
    pub address: SocketAddr,
    /// `UDP` or `TCP`.
    pub transport: &'static str,
    /// The system's reason, for instance that the address is in use.
    pub source: io::Error,
}

/// The sockets of one address.
pub(crate) struct Sockets {
    pub(crate) address: SocketAddr,
    /// One per worker; the system spreads clients over them.
    pub(crate) udp: Vec<Socket>,
    pub(crate) tcp: std::net::TcpListener,
}

/// Takes an address over UDP, for so many workers, and TCP. `only_v6` leaves IPv4 to another listener of the
/// same port.
pub(crate) fn bind(address: SocketAddr, workers: usize, only_v6: bool) -> Result<Sockets, BindError> {
    let tries = if address.port() == 0 { PORT_TRIES } else { 1 };
    let mut result = bind_once(address, workers, only_v6);
    for _ in 1..tries {
        if result.is_ok() {
            break;
        }
        result = bind_once(address, workers, only_v6);
    }
    result
}

fn bind_once(address: SocketAddr, workers: usize, only_v6: bool) -> Result<Sockets, BindError> {
    let fail = |transport| {
        move |source| BindError {
            address,
            transport,
            source,
        }
    };
    let tcp = tcp(address, only_v6).map_err(fail("TCP"))?;
    let address = tcp.local_addr().map_err(fail("TCP"))?;
    let udp = udp(address, workers, only_v6).map_err(fail("UDP"))?;
    Ok(Sockets { address, udp, tcp })
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol, only_v6: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        socket.set_only_v6(only_v6)?;
    }
    Ok(socket)
}

fn tcp(address: SocketAddr, only_v6: bool) -> io::Result<std::net::TcpListener> {
    let socket = socket(address, Type::STREAM, Protocol::TCP, only_v6)?;
    socket.set_reuse_address(true)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

fn udp(address: SocketAddr, workers: usize, only_v6: bool) -> io::Result<Vec<Socket>> {
    // Sockets that share a port also share it with those of another process; one that does not share finds
    // out whether there is one.
    socket(address, Type::DGRAM, Protocol::UDP, only_v6)?.bind(&address.into())?;
    let shared = || {
        let socket = socket(address, Type::DGRAM, Protocol::UDP, only_v6)?;
        socket.set_reuse_port(true)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        if address.ip().is_unspecified() {
            crate::udp::receive_destination(std::os::fd::AsFd::as_fd(&socket), address.is_ipv6())?;
        }
        socket.bind(&address.into())?;
        Ok(socket)
    };
    (0..workers.max(1)).map(|_| shared()).collect()
}
