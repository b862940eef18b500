//! Listening sockets from the tables in /proc.

use std::io;

use kinglet_model::Protocol;
use kinglet_servicelb_plan::Port;

/// Tables below /proc/net, and the states that count (include/net/tcp_states.h): `TCP_LISTEN` is 0A; a UDP
/// socket that is not connected, and so takes datagrams of anybody, is in `TCP_CLOSE`, 07.
const TABLES: [(&str, Protocol, &str); 4] = [
    ("tcp", Protocol::Tcp, "0A"),
    ("tcp6", Protocol::Tcp, "0A"),
    ("udp", Protocol::Udp, "07"),
    ("udp6", Protocol::Udp, "07"),
];

/// The ports of listening TCP and unconnected UDP sockets. The kernel writes a line for every connection,
/// too.
pub(super) fn all() -> io::Result<Vec<Port>> {
    let mut ports = Vec::new();
    for (name, protocol, state) in TABLES {
        let text = read(name)?;
        ports.extend(text.lines().filter_map(|line| socket(line, protocol, state)));
    }
    Ok(ports)
}

/// The ports of SCTP endpoints. The table is there once the kernel has loaded SCTP; to ask by netlink would
/// load it.
pub(super) fn sctp() -> io::Result<Vec<Port>> {
    Ok(read("sctp/eps")?.lines().filter_map(association).collect())
}

fn read(name: &str) -> io::Result<String> {
    // Of the thread, not of the process: tests enter network namespaces by thread.
    match std::fs::read_to_string(format!("/proc/thread-self/net/{name}")) {
        // A kernel without IPv6 has no tcp6, one without the module sctp no sctp/eps.
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
        result => result,
    }
}

/// A line of the tables of TCP and UDP: number, local address, remote address, state and more.
fn socket(line: &str, protocol: Protocol, wanted: &str) -> Option<Port> {
    let mut fields = line.split_ascii_whitespace().skip(1);
    let (address, port) = fields.next()?.split_once(':')?;
    let state = fields.nth(1)?;
    let number = u16::from_str_radix(port, 16).ok()?;
    let counts = state == wanted && number != 0 && !is_loopback(address);
    counts.then(|| Port::new(protocol, number))
}

/// Whether an address of these tables is a loopback one. The kernel prints each 32-bit word of the address as
/// a number of the host's byte order, so the octets of a word are reversed on little-endian machines.
fn is_loopback(address: &str) -> bool {
    let v4 = |word: &str| {
        let number = u32::from_str_radix(word, 16).unwrap_or_default();
        number.to_ne_bytes().first() == Some(&127)
    };
    let one = format!("{:08X}", u32::from_ne_bytes([0, 0, 0, 1]));
    // ::ffff:127.0.0.1, which programs with one socket for both families bind to (RFC 4291, section 2.5.5.2).
    let mapped = format!("{:08X}", u32::from_ne_bytes([0, 0, 255, 255]));
    match address.split_at_checked(24) {
        None => v4(address),
        Some((head, last)) => {
            let zeros = head.bytes().all(|digit| digit == b'0');
            let is_mapped = head.starts_with("0000000000000000") && head.ends_with(&mapped);
            (zeros && last == one) || (is_mapped && v4(last))
        }
    }
}

/// A line of the table of SCTP: three fields, hash bucket, port, user, inode, and addresses.
fn association(line: &str) -> Option<Port> {
    let mut fields = line.split_ascii_whitespace().skip(5);
    let number = fields.next()?.parse().ok().filter(|number| *number != 0)?;
    let mut addresses = fields.skip(2);
    let outside = addresses.any(|address| !address.starts_with("127.") && address != "::1");
    outside.then(|| Port::new(Protocol::Sctp, number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_tables() {
        let line = |address: &str, state: &str| {
            socket(
                &format!("   0: {address} 00000000:0000 {state} 00000000:00000000"),
                Protocol::Tcp,
                "0A",
            )
        };
        let port = |number| Some(Port::new(Protocol::Tcp, number));
        let loopback = format!("{:08X}", u32::from_ne_bytes([127, 0, 0, 53]));
        let one = format!("{:08X}", u32::from_ne_bytes([0, 0, 0, 1]));
        let mapped = format!("{:08X}", u32::from_ne_bytes([0, 0, 255, 255]));
        let zeros = "0".repeat(24);
        let table = [
            ("00000000:0050".to_owned(), "0A", port(80)),
            ("00000000:0050".to_owned(), "01", None),
            ("00000000:0000".to_owned(), "0A", None),
            (format!("{loopback}:0035"), "0A", None),
            (format!("{zeros}00000000:01BB"), "0A", port(443)),
            (format!("{zeros}{one}:01BB"), "0A", None),
            (format!("{}{mapped}{loopback}:01BB", "0".repeat(16)), "0A", None),
            (format!("B80D0120{}{one}:01BB", "0".repeat(16)), "0A", port(443)),
            ("nonsense".to_owned(), "0A", None),
        ];
        for (address, state, expected) in table {
            assert_eq!(line(&address, state), expected, "{address}");
        }
        assert_eq!(socket("", Protocol::Tcp, "0A"), None);
    }

    #[test]
    fn lines_of_associations() {
        let line = |addresses: &str| association(&format!("ffff 0000 2 10 34 9000 0 12345 {addresses}"));
        assert_eq!(line("192.0.2.1 127.0.0.1"), Some(Port::new(Protocol::Sctp, 9000)));
        assert_eq!(line("127.0.0.1 ::1"), None);
        assert_eq!(
            association(" ENDPT SOCK STY SST HBKT LPORT UID INODE LADDRS"),
            None
        );
    }
}
