//! Streams of exec and attach as streams of a SPDY connection; each says its type in a header.

use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};

use super::super::request::Wants;
use super::super::streams::{Carrier, size};
use super::session::{Output, Session, Stream};
use crate::kubelet::output::Channel;

/// How long a client may take to open its streams.
const PATIENCE: Duration = Duration::from_secs(30);

/// The streams of a client.
#[derive(Default)]
struct Opened {
    stdin: Option<Stream>,
    stdout: Option<Stream>,
    stderr: Option<Stream>,
    error: Option<Stream>,
    resize: Option<Stream>,
}

impl Opened {
    fn put(&mut self, stream: Stream) {
        let place = match stream.header("streamtype") {
            Some("stdin") => &mut self.stdin,
            Some("stdout") => &mut self.stdout,
            Some("stderr") => &mut self.stderr,
            Some("error") => &mut self.error,
            Some("resize") => &mut self.resize,
            _ => return,
        };
        *place = Some(stream);
    }

    /// All that the request has announced are there.
    fn is_complete(&self, wants: Wants) -> bool {
        self.error.is_some()
            && (self.stdin.is_some() || !wants.stdin)
            && (self.stdout.is_some() || !wants.stdout)
            && (self.stderr.is_some() || !wants.stderr)
            && (self.resize.is_some() || !wants.tty)
    }
}

/// Carries streams until both sides are done.
pub(in super::super) async fn carry(
    connection: impl AsyncRead + AsyncWrite + Send + 'static,
    wants: Wants,
    carrier: Carrier,
) {
    let mut session = Session::start(connection);
    let gone = carrier.gone.clone();
    let opened = tokio::time::timeout(PATIENCE, open(&mut session, wants)).await;
    if let Ok(Some(opened)) = opened {
        let left = async {
            // No more streams are expected: this ends with the connection.
            while session.accept().await.is_some() {}
        };
        tokio::select! {
            () = pass(opened, carrier) => {}
            () = left => {}
        }
    }
    gone.cancel();
}

async fn open(session: &mut Session, wants: Wants) -> Option<Opened> {
    let mut opened = Opened::default();
    while !opened.is_complete(wants) {
        opened.put(session.accept().await?);
    }
    Some(opened)
}

async fn pass(opened: Opened, carrier: Carrier) {
    let Carrier {
        stdin,
        sizes,
        mut output,
        ..
    } = carrier;
    let Opened {
        stdin: mut input,
        stdout,
        stderr,
        error,
        resize: mut resizes,
    } = opened;
    let fed = async move {
        if let (Some(input), Some(stdin)) = (&mut input, &stdin) {
            while let Some(bytes) = input.input.recv().await {
                if stdin.send(bytes).await.is_err() {
                    return;
                }
            }
        }
    };
    let resized = async move {
        if let Some(resizes) = &mut resizes {
            while let Some(message) = resizes.input.recv().await {
                if let Some(size) = size(&message) {
                    // The program may have ended.
                    let _ = sizes.send(size).await;
                }
            }
        }
    };
    let told = async move {
        let of = |channel| match channel {
            Channel::Stdout => stdout.as_ref(),
            Channel::Stderr => stderr.as_ref(),
            Channel::Status => error.as_ref(),
        };
        while let Some((channel, chunk)) = output.recv().await {
            if let Some(stream) = of(channel)
                && stream.output.write(chunk).await.is_err()
            {
                return;
            }
        }
        for channel in [Channel::Stdout, Channel::Stderr, Channel::Status] {
            if let Some(Stream { output, .. }) = of(channel) {
                finish(output).await;
            }
        }
    };
    let said = async {
        tokio::join!(fed, resized);
        std::future::pending::<()>().await;
    };
    tokio::select! {
        () = told => {}
        () = said => {}
    }
}

async fn finish(output: &Output) {
    // The client may have left.
    let _ = output.finish().await;
}
