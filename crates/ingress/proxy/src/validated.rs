//! A client connection whose bytes are validated by [`Framing`] before the HTTP library reads them.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use crate::activity::Activity;
use crate::framing::Framing;

/// The validated connection. Once it is a tunnel, bytes pass unread: they are no HTTP any more.
#[derive(Debug)]
pub(crate) struct ValidatedStream<T> {
    inner: T,
    framing: Framing,
    activity: Arc<Activity>,
}

impl<T> ValidatedStream<T> {
    pub(crate) fn new(inner: T, activity: Arc<Activity>) -> Self {
        Self {
            inner,
            framing: Framing::default(),
            activity,
        }
    }

    /// Scans what was read last and cuts off what must not reach the library.
    fn scan(&mut self, buffer: &mut ReadBuf<'_>, before: usize) {
        let Some(fresh) = buffer.filled_mut().get_mut(before..) else {
            return;
        };
        let keep = self.framing.scan(fresh);
        // When nothing may pass, this reads as the end of the stream; the library has the invalid byte by
        // then.
        buffer.set_filled(before + keep);
        self.activity.head(self.framing.is_in_head());
        // Once per connection: a refused client may go on sending.
        if let Some(violation) = self.framing.violation()
            && !self.activity.is_malformed()
        {
            tracing::debug!(%violation, "refused a malformed request");
            self.activity.set_malformed();
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for ValidatedStream<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        // The buffer may hold bytes of an earlier read, which were scanned then.
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.inner).poll_read(context, buffer))?;
        if !self.activity.is_tunnel() {
            self.scan(buffer, before);
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for ValidatedStream<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        // The default is `false`: the library would then copy every body into one buffer with the head.
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
