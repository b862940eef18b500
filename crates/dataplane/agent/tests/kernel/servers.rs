//! Servers that tell who they are and whom they see, and clients that ask.

use std::io::{self, Read, Write};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::mpsc;
use std::time::Duration;

use kinglet_test_support::netns::Namespace;

/// How long an answer is waited for, where there should be one.
const PATIENCE: Duration = Duration::from_secs(2);

/// Starts servers for TCP and UDP, both families, in the namespace.
pub(crate) fn serve(namespace: &Namespace, name: &'static str, port: u16) {
    let (ready, is_ready) = mpsc::channel();
    let listening = ready.clone();
    namespace.spawn(move || {
        let listener = TcpListener::bind((Ipv6Addr::UNSPECIFIED, port)).expect("a port");
        listening.send(()).expect("somebody waits");
        for stream in listener.incoming().map_while(Result::ok) {
            std::thread::spawn(move || answer(stream, name));
        }
    });
    namespace.spawn(move || {
        let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, port)).expect("a port");
        ready.send(()).expect("somebody waits");
        let mut buffer = [0; 64];
        while let Ok((_, peer)) = socket.recv_from(&mut buffer) {
            socket.send_to(greeting(name, peer).as_bytes(), peer).ok();
        }
    });
    for _ in 0..2 {
        is_ready.recv().expect("a server");
    }
}

/// Answers each octet with a greeting.
fn answer(mut stream: TcpStream, name: &str) {
    let Ok(peer) = stream.peer_addr() else { return };
    let mut octet = [0];
    while stream.read_exact(&mut octet).is_ok() {
        if stream.write_all(greeting(name, peer).as_bytes()).is_err() {
            return;
        }
    }
}

/// The name of the server and the address it sees, in lines of 64 octets.
fn greeting(name: &str, peer: SocketAddr) -> String {
    format!("{:<63}\n", format!("{name} {}", peer.ip().to_canonical()))
}

/// A connection that stays open.
pub(crate) struct Conversation(TcpStream);

impl Conversation {
    pub(crate) fn open(to: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect_timeout(&to, PATIENCE)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        Ok(Self(stream))
    }

    pub(crate) fn ask(&mut self) -> io::Result<String> {
        self.0.write_all(b"?")?;
        let mut line = [0; 64];
        self.0.read_exact(&mut line)?;
        Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
    }
}

pub(crate) fn ask_tcp(to: SocketAddr) -> String {
    told(Conversation::open(to).and_then(|mut conversation| conversation.ask()))
}

pub(crate) fn ask_udp(to: SocketAddr) -> String {
    told(datagram(to))
}

fn datagram(to: SocketAddr) -> io::Result<String> {
    let any = if to.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.connect(to)?;
    socket.send(b"?")?;
    let mut line = [0; 64];
    let len = socket.recv(&mut line)?;
    Ok(String::from_utf8_lossy(&line[..len]).trim_end().to_owned())
}

fn told(answer: io::Result<String>) -> String {
    match answer {
        Ok(line) => line,
        Err(error) => match error.kind() {
            // The kernel does not wait for the ICMP message where the datagram does not even leave.
            io::ErrorKind::ConnectionRefused | io::ErrorKind::PermissionDenied => "refused".to_owned(),
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => "silent".to_owned(),
            _ => error.to_string(),
        },
    }
}
