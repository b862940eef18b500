//! Many connections at once, from inside pods.

use std::io::{self, ErrorKind};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use kinglet_lab::Place;
use kinglet_model::Protocol;
use tokio::net::{TcpSocket, UdpSocket};
use tokio::runtime::Runtime;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How long an answer may take on a loaded machine. TCP sends the first packet again after a second; and a
/// conversation over UDP whose ports were used before, when it was forbidden, is cut until the agent has
/// looked at the connections.
const PATIENCE: Duration = Duration::from_secs(10);
/// What was not answered by now was dropped: nothing between pods takes that long.
const SILENCE: Duration = Duration::from_millis(300);
/// A datagram is sent again after this time.
const AGAIN: Duration = Duration::from_millis(100);

/// Whether a connection is possible.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Question {
    /// Index of the place where it begins.
    pub(crate) from: usize,
    pub(crate) to: IpAddr,
    pub(crate) protocol: Protocol,
    pub(crate) port: u16,
    /// The answer; a wrong one is given some time to become right.
    pub(crate) expected: bool,
}

/// A socket that belongs to the namespace of the place in which it was opened.
enum Opened {
    Tcp(TcpSocket),
    /// Two: see [`Question::is_open`].
    Udp([std::net::UdpSocket; 2]),
}

/// The questions whose answers are not as expected.
pub(crate) fn wrong(runtime: &Runtime, places: &[Place], questions: &[Question]) -> Vec<Question> {
    let mut asked = JoinSet::new();
    for (from, place) in places.iter().enumerate() {
        let own: Vec<Question> = questions.iter().copied().filter(|one| one.from == from).collect();
        let opened = place
            .namespace
            .run(|| own.iter().map(Question::open).collect::<io::Result<Vec<_>>>());
        for (question, socket) in own.into_iter().zip(opened.unwrap()) {
            asked.spawn_on(
                async move { (question, question.is_open(socket).await) },
                runtime.handle(),
            );
        }
    }
    let answers = runtime.block_on(asked.join_all()).into_iter();
    answers
        .filter(|(question, open)| question.expected != *open)
        .map(|(question, _)| question)
        .collect()
}

impl Question {
    /// Opens a socket in the namespace of the calling thread.
    fn open(&self) -> io::Result<Opened> {
        let any: SocketAddr = if self.to.is_ipv4() {
            ([0; 4], 0).into()
        } else {
            ([0; 16], 0).into()
        };
        let udp = || {
            let socket = std::net::UdpSocket::bind(any)?;
            socket.set_nonblocking(true).map(|()| socket)
        };
        match self.protocol {
            Protocol::Tcp if self.to.is_ipv4() => TcpSocket::new_v4().map(Opened::Tcp),
            Protocol::Tcp => TcpSocket::new_v6().map(Opened::Tcp),
            Protocol::Udp => Ok(Opened::Udp([udp()?, udp()?])),
            Protocol::Sctp => panic!("not every kernel has SCTP"),
        }
    }

    async fn is_open(&self, socket: Opened) -> bool {
        let address = SocketAddr::new(self.to, self.port);
        let patience = if self.expected { PATIENCE } else { SILENCE };
        match socket {
            Opened::Tcp(socket) => matches!(timeout(patience, socket.connect(address)).await, Ok(Ok(_))),
            // A port that an earlier conversation had is no new connection: until that is cut, it goes on.
            Opened::Udp([one, other]) => {
                self.answers(one, address, patience).await
                    && (self.expected || self.answers(other, address, patience).await)
            }
        }
    }

    async fn answers(&self, socket: std::net::UdpSocket, address: SocketAddr, patience: Duration) -> bool {
        let socket = UdpSocket::from_std(socket).unwrap();
        socket.connect(address).await.unwrap();
        let answered = timeout(patience, async {
            loop {
                // An ICMP error about the last datagram is told here, too.
                let answer = async {
                    socket.send(b"probe\n").await?;
                    socket.recv(&mut [0; 1024]).await
                };
                match timeout(AGAIN, answer).await {
                    Ok(Ok(_)) => return true,
                    Ok(Err(error)) if error.kind() == ErrorKind::ConnectionRefused && !self.expected => {
                        return false;
                    }
                    Ok(Err(_)) => tokio::time::sleep(AGAIN).await,
                    Err(_) => {}
                }
            }
        });
        answered.await.unwrap_or(false)
    }
}
