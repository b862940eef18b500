//! UDP: a few threads, each with a socket of its own, that answer batches of queries.
//!
//! A worker blocks in the kernel until queries come, answers the batch from one snapshot, and sends the
//! replies with one call. Queries for upstream servers become tasks of the runtime. To stop, the server
//! cancels the token and shuts the sockets down, which wakes the workers.

mod sys;

use std::io;
use std::net::Shutdown;
use std::os::fd::AsFd;
use std::sync::Arc;
use std::time::{Duration, Instant};

use arc_swap::{ArcSwap, Cache};
use kinglet_dns_wire::{Rcode, Request};
use kinglet_dns_zone::Snapshot;
use socket2::Socket;
use tokio::runtime::Handle;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answer::{Deferred, Outcome, Transport, answer};
use crate::metrics::{PluginIndex, Proto, Shard, Status};
use crate::resolve::Resolver;

pub(crate) use sys::{ReplyTo, receive_destination};

/// Pause after an error of the socket that is not an interruption, so that it cannot eat a processor.
const ERROR_PAUSE: Duration = Duration::from_millis(10);

/// What a worker needs.
pub(crate) struct Worker {
    pub(crate) socket: Arc<Socket>,
    /// Whether the socket listens on all addresses and tells which one a query came to.
    pub(crate) wildcard: bool,
    pub(crate) max_payload: u16,
    pub(crate) snapshot: Arc<ArcSwap<Snapshot>>,
    pub(crate) resolver: Arc<Resolver>,
    /// Written by this worker alone.
    pub(crate) shard: Arc<Shard>,
    /// Written by the tasks that this worker starts.
    pub(crate) deferred: Arc<Shard>,
    pub(crate) tasks: TaskTracker,
    pub(crate) runtime: Handle,
    pub(crate) cancelled: CancellationToken,
}

impl Worker {
    /// Answers until it is cancelled and its socket is shut down.
    pub(crate) fn run(self) {
        let mut batch = sys::Batch::new(self.wildcard);
        // The cache keeps a reference of its own: a batch costs one load of a pointer instead of a reference
        // count in memory that all workers would write.
        let mut snapshots = Cache::new(&*self.snapshot);
        let mut rotation = 0_usize;
        while !self.cancelled.is_cancelled() {
            let received = match batch.receive(self.socket.as_fd()) {
                Ok(received) => received,
                Err(error) => {
                    pause(&error);
                    continue;
                }
            };
            // Timed per batch: reading the clock for each query would be a good part of what an answer costs.
            let start = Instant::now();
            let snapshot = snapshots.load();
            let mut answered = 0;
            for index in 0..received {
                // A counter of this worker is enough: addresses have to differ, not to be fair.
                rotation = rotation.wrapping_add(1);
                if let Some((query, to, reply)) = batch.split(index) {
                    answered += u64::from(self.answer(snapshot, rotation, query, to, reply));
                }
            }
            batch.send(self.socket.as_fd());
            if answered > 0 {
                self.shard.took(start.elapsed(), answered);
            }
        }
    }

    /// Answers a query, or hands it to the runtime; whether it was answered.
    fn answer(
        &self,
        snapshot: &Snapshot,
        rotation: usize,
        query: &[u8],
        to: &ReplyTo,
        reply: &mut Vec<u8>,
    ) -> bool {
        match answer(snapshot, query, Transport::Udp(self.max_payload), rotation, reply) {
            Outcome::Ignored => self.shard.ignore(),
            Outcome::Rejected(rcode) => self.shard.rejection(rcode),
            Outcome::Answered(status) => {
                self.shard.request(Proto::Udp, to.family(), &status, query.len());
                self.shard.response(Proto::Udp, &status, reply.len());
                return true;
            }
            Outcome::Deferred(deferred) => return self.defer(deferred, query, *to, reply),
        }
        false
    }

    /// Lets the runtime answer a query, unless it has too many already.
    fn defer(&self, deferred: Deferred, query: &[u8], to: ReplyTo, reply: &mut Vec<u8>) -> bool {
        let Some(permit) = self.resolver.admit() else {
            // Said at once, so that the client asks another server instead of waiting for its timeout.
            let Ok(request) = Request::read(query) else {
                return false;
            };
            request.refuse(Rcode::REFUSED, reply);
            let status = Status::new(&request, Rcode::REFUSED, PluginIndex::FORWARD);
            self.shard.request(Proto::Udp, to.family(), &status, query.len());
            self.shard.response(Proto::Udp, &status, reply.len());
            return true;
        };
        let (resolver, socket, shard) = (self.resolver.clone(), self.socket.clone(), self.deferred.clone());
        let transport = Transport::Udp(self.max_payload);
        // The next receive overwrites the batch.
        let query = query.to_vec();
        let task = async move {
            let start = Instant::now();
            let (reply, status) = resolver.resolve(permit, deferred, &query, transport).await;
            shard.request(Proto::Udp, to.family(), &status, query.len());
            shard.response(Proto::Udp, &status, reply.len());
            shard.took(start.elapsed(), 1);
            if let Err(error) = to.send(socket.as_fd(), &reply) {
                tracing::debug!(%error, "a UDP reply could not be sent");
            }
        };
        // This thread is none of the runtime's: `spawn` would panic here.
        self.tasks.spawn_on(task, &self.runtime);
        false
    }
}

fn pause(error: &io::Error) {
    if error.kind() != io::ErrorKind::Interrupted {
        tracing::warn!(%error, "receiving DNS queries failed");
        std::thread::sleep(ERROR_PAUSE);
    }
}

/// Wakes a worker that waits on the socket.
pub(crate) fn wake(socket: &Socket) {
    // On a socket without a peer the call fails with ENOTCONN, but Linux marks the socket as shut down and
    // wakes who waits on it all the same (inet_shutdown).
    let _ = socket.shutdown(Shutdown::Both);
}
