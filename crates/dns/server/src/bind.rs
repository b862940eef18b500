//! Binding the addresses.

use std::io;
use std::net::SocketAddr;

use socket2::{Domain, Protocol, Socket, Type};

/// Pending connections per listener; the kernel lowers it to `net.core.somaxconn`.
const BACKLOG: i32 = 1024;
/// Octets of queries that may wait per UDP worker, for bursts; the kernel lowers it to `net.core.rmem_max`.
const RECEIVE_BUFFER: usize = 1 << 20;
/// Times that another free port is tried, when any will do: the one that TCP gets may be taken over UDP.
const PORT_TRIES: usize = 16;

/// An address that cannot be bound.
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

/// Binds an address over TCP and, with a socket for each of so many workers, over UDP. `only_v6` leaves IPv4
/// to another listener of the same port.
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
    // TCP first: with port 0 it finds the port that UDP then has to have, too, because a client that gets a
    // truncated reply asks the same port over TCP (RFC 7766 section 5).
    let tcp = tcp(address, only_v6).map_err(fail("TCP"))?;
    let address = tcp.local_addr().map_err(fail("TCP"))?;
    let udp = udp(address, workers, only_v6).map_err(fail("UDP"))?;
    Ok(Sockets { address, udp, tcp })
}

fn socket(address: SocketAddr, kind: Type, protocol: Protocol, only_v6: bool) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), kind, Some(protocol))?;
    if address.is_ipv6() {
        // A wildcard IPv6 socket takes IPv4 as well unless it is told not to, and would then collide with an
        // IPv4 listener of the port. The default is a sysctl (net.ipv6.bindv6only): always say which.
        socket.set_only_v6(only_v6)?;
    }
    Ok(socket)
}

fn tcp(address: SocketAddr, only_v6: bool) -> io::Result<std::net::TcpListener> {
    let socket = socket(address, Type::STREAM, Protocol::TCP, only_v6)?;
    // Connections of a former process in TIME_WAIT would keep the address for a minute.
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
        // Must be set before binding. The kernel spreads clients over the sockets by a hash of their address
        // and port, so that workers share nothing.
        socket.set_reuse_port(true)?;
        socket.set_recv_buffer_size(RECEIVE_BUFFER)?;
        if address.ip().is_unspecified() {
            // Otherwise routing would choose the source of replies, and a client that asked another address
            // of this machine drops them (RFC 5452 section 9.1).
            crate::udp::receive_destination(std::os::fd::AsFd::as_fd(&socket), address.is_ipv6())?;
        }
        socket.bind(&address.into())?;
        Ok(socket)
    };
    (0..workers.max(1)).map(|_| shared()).collect()
}
