//! The ports that processes listen on.

mod diagnostics;
mod tables;

use std::io;

use kinglet_servicelb_plan::HostPorts;
use tracing::debug;

/// The ports that processes listen on in the network namespace of the calling thread, other than on loopback
/// addresses only: TCP and SCTP sockets that listen, and UDP sockets that take datagrams of anybody.
///
/// # Errors
/// The kernel answers no socket diagnostics, and /proc cannot be read either. Protocols that the kernel does
/// not have are no error.
pub(super) fn listening() -> io::Result<HostPorts> {
    let ports = diagnostics::all().or_else(|error| {
        // Kernels without inet_diag, and sandboxes that know no such sockets.
        debug!(%error, "no socket diagnostics; reading the tables in /proc");
        tables::all()
    })?;
    Ok(HostPorts::new(ports.into_iter().chain(tables::sctp()?)))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};

    use kinglet_model::Protocol;
    use kinglet_servicelb_plan::Port;

    use super::*;

    #[test]
    fn both_ways_find_the_sockets_of_this_machine() {
        let tcp = TcpListener::bind("0.0.0.0:0").unwrap();
        let tcp6 = TcpListener::bind("[::]:0").unwrap();
        let local = TcpListener::bind("127.0.0.1:0").unwrap();
        let local6 = TcpListener::bind("[::1]:0").unwrap();
        let mapped = TcpListener::bind("[::ffff:127.0.0.1]:0").unwrap();
        let udp = UdpSocket::bind("0.0.0.0:0").unwrap();
        let udp6 = UdpSocket::bind("[::]:0").unwrap();
        let connected = UdpSocket::bind("0.0.0.0:0").unwrap();
        connected.connect(udp.local_addr().unwrap()).unwrap();
        let client = TcpStream::connect(local.local_addr().unwrap()).unwrap();
        let port =
            |protocol, address: std::io::Result<SocketAddr>| Port::new(protocol, address.unwrap().port());
        let there = [
            port(Protocol::Tcp, tcp.local_addr()),
            port(Protocol::Tcp, tcp6.local_addr()),
            port(Protocol::Udp, udp.local_addr()),
            port(Protocol::Udp, udp6.local_addr()),
        ];
        let not_there = [
            port(Protocol::Tcp, local.local_addr()),
            port(Protocol::Tcp, local6.local_addr()),
            port(Protocol::Tcp, mapped.local_addr()),
            port(Protocol::Tcp, client.local_addr()),
            port(Protocol::Udp, connected.local_addr()),
        ];
        for ports in [diagnostics::all().unwrap(), tables::all().unwrap()] {
            let ports: BTreeSet<Port> = ports.into_iter().collect();
            assert!(there.iter().all(|port| ports.contains(port)), "{ports:?}");
            assert!(!not_there.iter().any(|port| ports.contains(port)), "{ports:?}");
        }
    }
}
