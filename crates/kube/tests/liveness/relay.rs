//! A relay in front of a server that can go silent without closing anything.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// The relay; it ends with the test's runtime.
pub(crate) struct Relay {
    pub(crate) address: SocketAddr,
    /// Connections of an earlier generation are silent.
    generation: watch::Sender<u32>,
}

impl Relay {
    /// Relays to `server` from a port of the loopback address.
    pub(crate) async fn start(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (generation, current) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                let (client, _) = listener.accept().await.unwrap();
                let server = TcpStream::connect(server).await.unwrap();
                let (from_client, to_client) = client.into_split();
                let (from_server, to_server) = server.into_split();
                tokio::spawn(relay(from_client, to_server, current.clone()));
                tokio::spawn(relay(from_server, to_client, current.clone()));
            }
        });
        Self { address, generation }
    }

    /// What is open now takes bytes and gives none, for ever.
    pub(crate) fn swallow(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}

async fn relay(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut current: watch::Receiver<u32>) {
    let own = *current.borrow_and_update();
    let mut buffer = vec![0; 64 << 10];
    loop {
        let Ok(length @ 1..) = from.read(&mut buffer).await else {
            return;
        };
        // Silent, not closed: the halves stay open as long as the task does.
        if *current.borrow() == own && to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
