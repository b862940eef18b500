//! A connection whose first bytes were read to detect its protocol, and are read again by the HTTP library.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::{Buf, BytesMut};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};

/// What a client with prior knowledge of HTTP/2 sends first (RFC 9113 section 3.4).
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// How requests are written on a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HttpVersion {
    /// HTTP/1.0 and HTTP/1.1.
    Http1,
    /// HTTP/2.
    Http2,
}

/// Gives the bytes read ahead first, then the connection's.
#[derive(Debug)]
pub(crate) struct Rewind<T> {
    ahead: BytesMut,
    inner: T,
}

impl<T: AsyncRead + Unpin> Rewind<T> {
    /// Reads until it is certain whether the connection starts with HTTP/2's preface.
    pub(crate) async fn detect(mut inner: T) -> io::Result<(HttpVersion, Self)> {
        let mut ahead = BytesMut::with_capacity(4096);
        let version = loop {
            // The first byte that differs from the preface decides for HTTP/1: a request is never delayed
            // until as many bytes have come as the preface has.
            let compared = ahead.len().min(PREFACE.len());
            if ahead.get(..compared) != PREFACE.get(..compared) {
                break HttpVersion::Http1;
            }
            if compared == PREFACE.len() {
                break HttpVersion::Http2;
            }
            if inner.read_buf(&mut ahead).await? == 0 {
                // The HTTP/1 library deals with the end of the stream.
                break HttpVersion::Http1;
            }
        };
        Ok((version, Self { ahead, inner }))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Rewind<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.ahead.is_empty() {
            return Pin::new(&mut self.inner).poll_read(context, buffer);
        }
        let count = self.ahead.len().min(buffer.remaining());
        buffer.put_slice(self.ahead.get(..count).unwrap_or_default());
        self.ahead.advance(count);
        if self.ahead.is_empty() {
            // Frees the 4 KiB: the connection may live for hours.
            self.ahead = BytesMut::new();
        }
        Poll::Ready(Ok(()))
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Rewind<T> {
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
        // As in `ValidatedStream`: the default would make the library copy bodies.
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
