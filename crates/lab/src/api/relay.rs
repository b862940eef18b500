//! Passes TCP connections from a namespace on to an address of the host.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

/// Pause after a failed accept: usually a lack of file descriptors, which does not go away at once.
const PAUSE: Duration = Duration::from_millis(100);

pub(super) async fn serve(listener: TcpListener, server: SocketAddr, stop: CancellationToken) {
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => return,
        };
        match accepted {
            Ok((stream, client)) => {
                let stop = stop.clone();
                tokio::spawn(async move {
                    let passed = stop.run_until_cancelled(pass(stream, server)).await;
                    if let Some(Err(error)) = passed {
                        tracing::debug!(%client, %error, "relay: connection ended");
                    }
                });
            }
            Err(error) => {
                tracing::warn!(%error, "relay: cannot accept");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn pass(mut client: TcpStream, server: SocketAddr) -> io::Result<()> {
    let mut server = TcpStream::connect(server).await?;
    // Watch events and requests are small and must not wait for more (Nagle's algorithm).
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    Ok(())
}
