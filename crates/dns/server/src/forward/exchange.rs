//! One query to one server.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use kinglet_dns_wire::{Request, UpstreamError, UpstreamReply, set_u16};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

/// Why a server did not answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    /// The network failed.
    #[error("{0}")]
    Io(#[from] io::Error),
    /// The time was over.
    #[error("timed out")]
    Timeout(#[from] tokio::time::error::Elapsed),
    /// It was no reply to the query.
    #[error("the reply is malformed or to another query")]
    Reply,
    /// The system gave no random numbers.
    #[error("no random numbers: {0}")]
    Random(getrandom::Error),
}

/// Asks a server over UDP, and over TCP if the reply was truncated (RFC 7766 section 5).
pub(super) async fn exchange(
    server: SocketAddr,
    message: &[u8],
    request: &Request<'_>,
    limit: Duration,
) -> Result<UpstreamReply, ExchangeError> {
    // The client's id is known to the client: one that it chose could help it to forge the reply for others
    // (RFC 5452 section 9.2).
    let id = getrandom::u32().map_err(ExchangeError::Random)? as u16;
    let mut query = message.to_vec();
    set_u16(&mut query, 0, id);
    let reply = timeout(limit, over_udp(server, &query, request, id)).await??;
    if !reply.is_truncated() {
        return Ok(reply);
    }
    // Fetched whole, so that a client without TCP gets what fits and the others need not come back.
    match timeout(limit, over_tcp(server, &query, request, id)).await {
        Ok(Ok(whole)) => Ok(whole),
        // The truncated reply still tells the client to try TCP itself.
        Ok(Err(_)) | Err(_) => Ok(reply),
    }
}

async fn over_udp(
    server: SocketAddr,
    query: &[u8],
    request: &Request<'_>,
    id: u16,
) -> Result<UpstreamReply, ExchangeError> {
    let any: IpAddr = match server {
        SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
        SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
    };
    // A new socket for each query has a random port (RFC 5452 section 9.2). Connected, it gets datagrams of
    // that server only, and an ICMP "port unreachable" is an error at once instead of a timeout.
    let socket = UdpSocket::bind((any, 0)).await?;
    socket.connect(server).await?;
    socket.send(query).await?;
    // The query goes out as it came: the server keeps to the size that the client's EDNS says.
    let size = request.udp_limit(u16::MAX);
    loop {
        let mut reply = Vec::with_capacity(size);
        socket.recv_buf(&mut reply).await?;
        match UpstreamReply::check(reply, request, id) {
            Ok(reply) => return Ok(reply),
            // Late or forged: wait for the right one; giving up would let a forger stop every query.
            Err(UpstreamError::Foreign) => {}
            Err(UpstreamError::Malformed) => return Err(ExchangeError::Reply),
        }
    }
}

async fn over_tcp(
    server: SocketAddr,
    query: &[u8],
    request: &Request<'_>,
    id: u16,
) -> Result<UpstreamReply, ExchangeError> {
    let mut stream = TcpStream::connect(server).await?;
    // One write for length and message (RFC 7766 section 8).
    let mut framed = Vec::with_capacity(query.len() + 2);
    framed.extend_from_slice(&(query.len() as u16).to_be_bytes());
    framed.extend_from_slice(query);
    stream.write_all(&framed).await?;
    let mut reply = vec![0; usize::from(stream.read_u16().await?)];
    stream.read_exact(&mut reply).await?;
    UpstreamReply::check(reply, request, id).map_err(|_| ExchangeError::Reply)
}
