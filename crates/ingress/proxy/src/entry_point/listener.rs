//! Listening sockets of an entry point.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use socket2::{Domain, Protocol, Socket, TcpKeepalive, Type};

/// Connections that may wait to be accepted; the kernel caps it at `net.core.somaxconn`, 4096 by default.
const BACKLOG: i32 = 4096;

/// Listening sockets on one address, one for each worker: the kernel spreads connections over them.
///
/// A first socket without `SO_REUSEPORT` finds out whether the address is free: with it, binding would
/// succeed and take a share of the connections of another process of the same user.
pub(crate) fn bind(address: SocketAddr, count: usize) -> io::Result<Vec<TcpListener>> {
    // Also turns port 0 into the port that all sockets then share.
    let address = socket(address, false)?.local_addr()?;
    (0..count).map(|_| socket(address, true)).collect()
}

/// A listening socket. Accepted connections inherit its options.
fn socket(address: SocketAddr, shared: bool) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    // After a restart, connections in TIME_WAIT would keep the address taken for a minute.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(shared)?;
    // Nagle's algorithm would hold back the end of a response until the client has acknowledged the rest.
    socket.set_tcp_nodelay(true)?;
    // A client that vanished without a word is noticed even in a tunnel, which has no timeout of its own.
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(Duration::from_secs(180)))?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_in_use_is_an_error_even_among_our_own() {
        let sockets = bind(SocketAddr::from(([127, 0, 0, 1], 0)), 2).unwrap();
        let address = sockets[0].local_addr().unwrap();
        assert_eq!(sockets[1].local_addr().unwrap(), address);
        assert_eq!(bind(address, 1).unwrap_err().kind(), io::ErrorKind::AddrInUse);
    }
}
