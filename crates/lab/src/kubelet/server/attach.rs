//! Connects a client with a container's own program.

use tokio::sync::broadcast::error::RecvError;

use super::answer::exit_status;
use super::request::Wants;
use super::streams::Streams;
use crate::kubelet::console::Console;
use crate::kubelet::output::Channel;
use crate::kubelet::program::Exit;
use crate::kubelet::spec::Container;

/// Passes output to the client and input to the program, until one of them goes.
pub(super) async fn attach(console: Console, container: &Container, wants: Wants, streams: Streams) {
    let Streams {
        mut stdin,
        mut sizes,
        output,
        gone,
    } = streams;
    let shown = async {
        let Some(mut listening) = console.listen() else {
            return;
        };
        loop {
            let (channel, chunk) = match listening.recv().await {
                Ok(chunk) => chunk,
                Err(RecvError::Lagged(missed)) => {
                    tracing::debug!(missed, "a client of a pod is too slow for its output");
                    continue;
                }
                Err(RecvError::Closed) => return,
            };
            let wanted = match channel {
                Channel::Stdout => wants.stdout,
                Channel::Stderr => wants.stderr,
                Channel::Status => false,
            };
            if wanted && output.send((channel, chunk)).await.is_err() {
                return;
            }
        }
    };
    let fed = async {
        while let Some(bytes) = stdin.recv().await {
            if !console.write(&bytes).await {
                return;
            }
        }
    };
    let resized = async {
        while let Some(size) = sizes.recv().await {
            console.resize(size);
        }
    };
    let fed = async {
        tokio::join!(fed, resized);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = shown => {
            // How the container ended is in the Pod's status.
            let _ = output.send((Channel::Status, exit_status(Exit::SUCCESS))).await;
        }
        () = fed => {}
        () = gone.cancelled() => {}
    }
    if wants.stdin && container.stdin_once {
        console.close_input().await;
    }
}
