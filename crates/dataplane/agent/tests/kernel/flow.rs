//! Datagrams that belong together.

use std::net::UdpSocket;
use std::time::Duration;

use kinglet_test_support::netns::Namespace;

use crate::world::World;

/// A socket of the client that goes on asking the same address: one tracked connection.
pub(crate) struct Flow(UdpSocket);

impl Flow {
    pub(crate) fn new(world: &World, to: &str) -> Self {
        Self::of(&world.client, to)
    }

    /// The same of a socket elsewhere.
    pub(crate) fn of(from: &Namespace, to: &str) -> Self {
        let socket = from.run(|| UdpSocket::bind("0.0.0.0:0")).unwrap();
        socket.connect(to).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        Self(socket)
    }

    /// Who answers; nothing if nobody does.
    pub(crate) fn ask(&self) -> Option<String> {
        self.0.send(b"?").ok();
        let mut line = [0; 64];
        let len = self.0.recv(&mut line).ok()?;
        String::from_utf8_lossy(&line[..len])
            .split(' ')
            .next()
            .map(str::to_owned)
    }
}
