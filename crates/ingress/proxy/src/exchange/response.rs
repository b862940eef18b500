//! The body of a response on its way to the client.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;

use super::context::Ticket;
use crate::upstream::PooledConnection;

/// The body of a response to a client. When it ends, the request is counted and the server's connection goes
/// back to the pool.
pub(crate) struct ResponseBody {
    content: Content,
    ticket: Ticket,
    connection: Option<PooledConnection>,
}

pub(crate) enum Content {
    /// The proxy's own text, empty when it has been sent.
    Text(&'static str),
    /// The server's, as it comes.
    Stream(Incoming),
}

impl ResponseBody {
    pub(crate) fn new(content: Content, ticket: Ticket, connection: Option<PooledConnection>) -> Self {
        Self {
            content,
            ticket,
            connection,
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = match &mut self.content {
            Content::Text("") => None,
            Content::Text(text) => Some(Ok(Frame::data(Bytes::from_static(
                std::mem::take(text).as_bytes(),
            )))),
            Content::Stream(body) => ready!(Pin::new(body).poll_frame(context)),
        };
        if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
            self.ticket.bytes += data.len() as u64;
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        match &self.content {
            Content::Text(text) => text.is_empty(),
            Content::Stream(body) => body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.content {
            Content::Text(text) => SizeHint::with_exact(text.len() as u64),
            Content::Stream(body) => body.size_hint(),
        }
    }
}

/// A body that was not read to its end leaves the server's connection in the middle of a message: the next
/// request would get the rest of it as its response. Such a connection is closed instead.
impl Drop for ResponseBody {
    fn drop(&mut self) {
        if self.is_end_stream()
            && let Some(connection) = self.connection.take()
        {
            connection.release();
        }
    }
}
