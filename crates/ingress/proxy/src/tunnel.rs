//! Connections that changed their protocol (WebSocket and others): bytes are copied both ways until one side ends.

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

/// Waits for both sides to change the protocol and joins them. There is no idle timeout: the protocol inside has its own.
pub(crate) async fn join(client: OnUpgrade, server: OnUpgrade) {
    let (client, server) = match tokio::try_join!(client, server) {
        Ok(both) => both,
        Err(error) => {
            tracing::debug!(%error, "the protocol could not be changed");
            return;
        }
    };
    if let Err(error) = copy_bidirectional(&mut TokioIo::new(client), &mut TokioIo::new(server)).await {
        tracing::debug!(%error, "tunnel broke off");
    }
}
