//! UDP: one line of JSON for each datagram.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use tokio::net::UdpSocket;

use crate::netns::Namespace;

use super::reply::Reply;
use super::shared::Shared;

/// The loopback addresses, which every place has.
const LOOPBACK: [IpAddr; 2] = [IpAddr::V4(Ipv4Addr::LOCALHOST), IpAddr::V6(Ipv6Addr::LOCALHOST)];

/// One socket on each address.
pub(super) fn bind(namespace: &Namespace, addresses: &[IpAddr], port: u16) -> io::Result<Vec<UdpSocket>> {
    let all = addresses.iter().chain(&LOOPBACK);
    let sockets = namespace.run(|| all.map(|address| bind_one((*address, port).into())).collect());
    let sockets: Vec<Option<std::net::UdpSocket>> =
        sockets.map_err(|error| io::Error::new(error.kind(), format!("listen on {port}/UDP: {error}")))?;
    sockets.into_iter().flatten().map(UdpSocket::from_std).collect()
}

/// `None` for the loopback of a family that the namespace does not have.
fn bind_one(address: SocketAddr) -> io::Result<Option<std::net::UdpSocket>> {
    match std::net::UdpSocket::bind(address) {
        Ok(socket) => {
            socket.set_nonblocking(true)?;
            Ok(Some(socket))
        }
        Err(error) if address.ip().is_loopback() && error.kind() != io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    }
}

pub(super) async fn serve(socket: UdpSocket, shared: Shared) {
    let mut buffer = vec![0; 2048];
    let Ok(server) = socket.local_addr() else { return };
    loop {
        let received = tokio::select! {
            received = socket.recv_from(&mut buffer) => received,
            () = shared.closing.cancelled() => return,
        };
        match received {
            Ok((_, client)) => {
                let reply = Reply::new(&shared.identity, "UDP", client, server);
                if let Err(error) = socket.send_to(&reply.line(), client).await {
                    tracing::debug!(%client, %error, "echo: cannot reply");
                }
            }
            // An ICMP error that a former reply caused.
            Err(error) => tracing::debug!(%error, "echo: cannot receive"),
        }
    }
}
