//! Listening sockets by socket diagnostics (sock_diag(7)).
//!
//! The kernel walks its table of listening TCP sockets, which is apart from that of connections, and passes
//! over the connected ones among UDP sockets: the cost follows what is asked for. The tables in /proc have a
//! line for every connection.

use std::io::{self, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use kinglet_model::Protocol;
use kinglet_servicelb_plan::Port;
use socket2::{Domain, Socket, Type};

/// The protocol of netlink for socket diagnostics, `NETLINK_SOCK_DIAG`.
const DIAGNOSTICS: i32 = 4;
/// Types of messages (linux/sock_diag.h, linux/netlink.h).
const BY_FAMILY: u16 = 20;
const ERROR: u16 = 2;
const DONE: u16 = 3;
/// `NLM_F_REQUEST | NLM_F_DUMP`
const DUMP: u16 = 0x301;
/// States as bits (include/net/tcp_states.h): `TCP_LISTEN` is 10; a UDP socket that is not connected, and so
/// takes datagrams of anybody, is in `TCP_CLOSE`, 7.
const QUESTIONS: [(Protocol, u8, u32); 2] = [(Protocol::Tcp, 6, 1 << 10), (Protocol::Udp, 17, 1 << 7)];
const HEADER: usize = 16;
/// The kernel fills at most 32 KiB for one datagram of a dump.
const RECEIVE: usize = 64 * 1024;
/// The kernel has the next datagram ready when it is asked. A bound, so that the thread comes back.
const PATIENCE: Duration = Duration::from_secs(2);

/// The ports of listening TCP and unconnected UDP sockets, other than those on loopback addresses.
pub(super) fn all() -> io::Result<Vec<Port>> {
    let netlink = Domain::from(libc::AF_NETLINK);
    let mut socket = Socket::new(netlink, Type::DGRAM, Some(DIAGNOSTICS.into()))?;
    socket.set_read_timeout(Some(PATIENCE))?;
    let mut buffer = vec![0; RECEIVE];
    let mut ports = Vec::new();
    for (protocol, number, states) in QUESTIONS {
        for family in [libc::AF_INET, libc::AF_INET6] {
            socket.send(&question(family as u8, number, states))?;
            // The kernel refuses a second dump on a socket before it is done with the first.
            while !read(&mut socket, &mut buffer, protocol, &mut ports)? {}
        }
    }
    Ok(ports)
}

/// A `nlmsghdr` and an `inet_diag_req_v2` without a socket: all of a family, a protocol and some states.
fn question(family: u8, protocol: u8, states: u32) -> [u8; HEADER + 56] {
    let mut bytes = [0; HEADER + 56];
    let length = (bytes.len() as u32).to_ne_bytes();
    // `nlmsg_len`, `nlmsg_type`, `nlmsg_flags`, then `sdiag_family`, `sdiag_protocol`, `idiag_states`.
    let fields: [(usize, &[u8]); 6] = [
        (0, &length),
        (4, &BY_FAMILY.to_ne_bytes()),
        (6, &DUMP.to_ne_bytes()),
        (HEADER, &[family]),
        (HEADER + 1, &[protocol]),
        (HEADER + 4, &states.to_ne_bytes()),
    ];
    for (at, field) in fields {
        if let Some(room) = bytes.get_mut(at..at + field.len()) {
            room.copy_from_slice(field);
        }
    }
    bytes
}

/// Takes a datagram of answers in; whether it was the last one.
fn read(socket: &mut Socket, buffer: &mut [u8], protocol: Protocol, to: &mut Vec<Port>) -> io::Result<bool> {
    let length = socket.read(buffer)?;
    let mut rest = buffer.get(..length).unwrap_or_default();
    while let Some((kind, body, next)) = message(rest) {
        match kind {
            DONE => return Ok(true),
            ERROR => return Err(refusal(body)),
            BY_FAMILY => to.extend(port(body, protocol)),
            _ => {}
        }
        rest = next;
    }
    // A datagram that cannot be read ends nothing: to wait for the next one would be to wait for ever.
    match rest {
        [] => Ok(false),
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}

/// The first message: its type, what it carries, and what follows it.
fn message(bytes: &[u8]) -> Option<(u16, &[u8], &[u8])> {
    let length = u32::from_ne_bytes(array(bytes, 0)?) as usize;
    let kind = u16::from_ne_bytes(array(bytes, 4)?);
    let body = bytes.get(HEADER..length)?;
    // Messages begin at multiples of four octets.
    let next = bytes.get(length.next_multiple_of(4)..).unwrap_or_default();
    Some((kind, body, next))
}

/// An `nlmsgerr` begins with the error as a negative number.
fn refusal(body: &[u8]) -> io::Error {
    let code = array(body, 0).map_or(0, i32::from_ne_bytes);
    io::Error::from_raw_os_error(code.wrapping_neg())
}

/// The port of an `inet_diag_msg`: family, three octets, ports and addresses in network order.
fn port(body: &[u8], protocol: Protocol) -> Option<Port> {
    let number = u16::from_be_bytes(array(body, 4)?);
    let address = match i32::from(*body.first()?) {
        libc::AF_INET => IpAddr::V4(Ipv4Addr::from(array::<4>(body, 8)?)),
        _ => IpAddr::V6(Ipv6Addr::from(array::<16>(body, 8)?)),
    };
    // ::ffff:127.0.0.1 is what programs with one socket for both families bind to (RFC 4291, 2.5.5.2).
    let counts = number != 0 && !address.to_canonical().is_loopback();
    counts.then(|| Port::new(protocol, number))
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at + N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(kind: u16, body: &[u8]) -> Vec<u8> {
        let mut bytes = ((HEADER + body.len()) as u32).to_ne_bytes().to_vec();
        bytes.extend(kind.to_ne_bytes());
        bytes.resize(HEADER, 0);
        bytes.extend(body);
        bytes
    }

    #[test]
    fn messages_follow_one_another() {
        let mut bytes = answer(BY_FAMILY, &[1, 2, 3]);
        bytes.push(0);
        bytes.extend(answer(DONE, &[]));
        let (kind, body, rest) = message(&bytes).unwrap();
        assert_eq!((kind, body), (BY_FAMILY, [1, 2, 3].as_slice()));
        assert_eq!(message(rest).unwrap().0, DONE);
    }

    #[test]
    fn broken_messages_are_none() {
        let whole = answer(BY_FAMILY, &[0; 72]);
        for length in 0..whole.len() {
            assert!(message(&whole[..length]).is_none(), "{length}");
        }
        for length in [0, 15, u32::MAX] {
            let mut bytes = whole.clone();
            bytes[..4].copy_from_slice(&length.to_ne_bytes());
            assert!(message(&bytes).is_none(), "{length}");
        }
        for length in 0..24 {
            assert_eq!(port(&[10; 24][..length], Protocol::Tcp), None);
        }
    }

    #[test]
    fn refusals_are_errors_of_the_system() {
        let error = refusal(&(-libc::ENOENT).to_ne_bytes());
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
    }
}
