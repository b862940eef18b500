//! Connections that were upgraded to another protocol (WebSocket and others): bytes are copied both ways
//! until one side ends.

use std::rc::Rc;

use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio::io::copy_bidirectional;

use super::context::Client;

/// Waits until both sides have switched protocols and copies bytes between them. There is no idle timeout:
/// the protocol inside has its own (WebSocket's pings). `client` is held so that the connection counts as
/// open.
pub(crate) async fn join(client: Rc<Client>, downstream: OnUpgrade, upstream: OnUpgrade) {
    let (downstream, upstream) = match tokio::try_join!(downstream, upstream) {
        Ok(both) => both,
        Err(error) => {
            tracing::debug!(client = %client.address, %error, "the upgrade failed");
            return;
        }
    };
    let (mut downstream, mut upstream) = (TokioIo::new(downstream), TokioIo::new(upstream));
    if let Err(error) = copy_bidirectional(&mut downstream, &mut upstream).await {
        tracing::debug!(client = %client.address, %error, "the upgraded connection broke off");
    }
}
