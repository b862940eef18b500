//! TCP (RFC 7766): each connection is a task. Queries of one connection are answered in parallel, and replies
//! leave as soon as they are ready, in any order (sections 6.2.1.1 and 7).

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};

use arc_swap::ArcSwap;
use kinglet_dns_wire::{HEADER, Rcode, Request};
use kinglet_dns_zone::Snapshot;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answer::{Outcome, Transport, answer};
use crate::metrics::{Family, PluginIndex, Proto, Shard, Status};
use crate::resolve::Resolver;
use crate::settings::TcpSettings;

/// Pause after a failure to accept: for lack of file descriptors, accept fails at once, again and again.
const ERROR_PAUSE: Duration = Duration::from_millis(50);
/// Replies that are ready are written together up to this length: a call and a segment for many.
const WRITE_TOGETHER: usize = 16 * 1024;

/// What the connections of a listener share.
pub(crate) struct Tcp {
    pub(crate) settings: TcpSettings,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) resolver: Arc<Resolver>,
    pub(crate) shard: Arc<Shard>,
    pub(crate) connections: Arc<Semaphore>,
    pub(crate) cancelled: CancellationToken,
    pub(crate) tasks: TaskTracker,
    /// Number of queries, which chooses the address that comes first.
    pub(crate) rotation: AtomicUsize,
}

impl Tcp {
    /// Accepts connections until it is cancelled. Nothing that a client does holds this loop up.
    pub(crate) async fn accept(self: Arc<Self>, listener: TcpListener) {
        loop {
            let accepted = tokio::select! {
                accepted = listener.accept() => accepted,
                () = self.cancelled.cancelled() => return,
            };
            match accepted {
                Ok((stream, peer)) => self.clone().start(stream, peer.ip()),
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a DNS connection");
                    tokio::time::sleep(ERROR_PAUSE).await;
                }
            }
        }
    }

    /// Starts a connection's task. Closes the connection if there are too many: each holds a file descriptor,
    /// and UDP must go on whatever TCP clients do (RFC 7766 section 10).
    fn start(self: Arc<Self>, stream: TcpStream, peer: IpAddr) {
        let Ok(permit) = self.connections.clone().try_acquire_owned() else {
            tracing::debug!(%peer, "closed a new DNS connection: the limit of connections is reached");
            return;
        };
        let tasks = self.tasks.clone();
        tasks.spawn(async move {
            self.connection(stream, family(peer)).await;
            drop(permit);
        });
    }

    async fn connection(self: Arc<Self>, stream: TcpStream, family: Family) {
        // Replies are written whole; waiting to fill segments would only delay them.
        let _ = stream.set_nodelay(true);
        let (mut reader, writer) = stream.into_split();
        let (replies, queue) = mpsc::channel(self.settings.max_in_flight);
        // A task of its own: replies must leave while the next query is being read.
        let writer = tokio::spawn(write_replies(writer, queue, self.settings.write));
        loop {
            // A place in the queue is taken before a query is read: a client that sends without reading
            // stops itself here, by its own full window.
            let Ok(place) = replies.clone().reserve_owned().await else {
                break;
            };
            let query = tokio::select! {
                query = read_message(&mut reader, &self.settings) => query,
                () = self.cancelled.cancelled() => break,
            };
            let Ok(query) = query else { break };
            if !self.query(query, family, place) {
                break;
            }
        }
        // Queries in flight hold places of their own: the writer ends when the last of them is answered.
        drop(replies);
        let _ = writer.await;
    }

    /// Answers a query into its place in the queue, now or later; whether the connection may go on.
    fn query(self: &Arc<Self>, query: Vec<u8>, family: Family, place: mpsc::OwnedPermit<Vec<u8>>) -> bool {
        let start = Instant::now();
        let mut reply = Vec::new();
        match answer(
            &self.snapshot.load(),
            &query,
            Transport::Tcp,
            self.rotation.fetch_add(1, Relaxed),
            &mut reply,
        ) {
            // No client sends responses: the stream is out of step, or no DNS at all.
            Outcome::Ignored => {
                self.shard.ignore();
                return false;
            }
            Outcome::Rejected(rcode) => {
                self.shard.rejection(rcode);
                place.send(reply);
            }
            Outcome::Answered(status) => {
                self.count(&query, family, &status, reply.len(), start);
                place.send(reply);
            }
            Outcome::Deferred(deferred) => {
                let tcp = self.clone();
                // Not awaited here: the next query of the connection must not wait for an upstream.
                self.tasks.spawn(async move {
                    let (reply, status) = match tcp.resolver.admit() {
                        Some(permit) => {
                            tcp.resolver
                                .resolve(permit, deferred, &query, Transport::Tcp)
                                .await
                        }
                        None => refuse(&query),
                    };
                    tcp.count(&query, family, &status, reply.len(), start);
                    place.send(reply);
                });
            }
        }
        true
    }

    fn count(&self, query: &[u8], family: Family, status: &Status, reply_len: usize, start: Instant) {
        self.shard.request(Proto::Tcp, family, status, query.len());
        self.shard.response(Proto::Tcp, status, reply_len);
        self.shard.took(start.elapsed(), 1);
    }
}

/// Reads a message behind its length (RFC 1035 section 4.2.2). Fails at the end of the stream, after silence,
/// and if the length is less than that of a header.
async fn read_message(reader: &mut OwnedReadHalf, settings: &TcpSettings) -> io::Result<Vec<u8>> {
    // Between queries a connection may be idle (RFC 7766 section 6.2.3); once one has begun it must arrive
    // soon, or clients that trickle octets would hold all connections.
    let first = timeout(settings.idle, reader.read_u8()).await??;
    let rest = async {
        let len = usize::from(u16::from_be_bytes([first, reader.read_u8().await?]));
        if len < HEADER {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut message = vec![0; len];
        reader.read_exact(&mut message).await?;
        Ok(message)
    };
    timeout(settings.read, rest).await?
}

/// Writes replies as they come, those that are ready together. Ends when all senders are gone or the client
/// stops reading.
async fn write_replies(mut writer: OwnedWriteHalf, mut queue: mpsc::Receiver<Vec<u8>>, limit: Duration) {
    let mut out = Vec::new();
    while let Some(reply) = queue.recv().await {
        // Length and message in one write: some clients fail if they come in two segments (RFC 7766 section
        // 8).
        out.clear();
        push_framed(&mut out, &reply);
        while out.len() < WRITE_TOGETHER {
            let Ok(reply) = queue.try_recv() else { break };
            push_framed(&mut out, &reply);
        }
        if !matches!(timeout(limit, writer.write_all(&out)).await, Ok(Ok(()))) {
            return;
        }
    }
}

fn push_framed(out: &mut Vec<u8>, reply: &[u8]) {
    out.extend_from_slice(&(reply.len() as u16).to_be_bytes());
    out.extend_from_slice(reply);
}

fn refuse(query: &[u8]) -> (Vec<u8>, Status) {
    let mut reply = Vec::new();
    let status = match Request::read(query) {
        Ok(request) => {
            request.refuse(Rcode::REFUSED, &mut reply);
            Status::new(&request, Rcode::REFUSED, PluginIndex::FORWARD)
        }
        Err(_) => Status::unreadable(),
    };
    (reply, status)
}

fn family(peer: IpAddr) -> Family {
    // An IPv6 socket reports IPv4 clients as mapped addresses.
    match peer.to_canonical() {
        IpAddr::V4(_) => Family::V4,
        IpAddr::V6(_) => Family::V6,
    }
}
