//! Forwarding: asks upstream servers what the zones do not know.
//!
//! Each query leaves from a socket of its own, so with a random port and a random id. Upstreams are asked in
//! random order, those that failed recently last. After SERVFAIL or REFUSED the next one is asked; the client
//! gets that reply only if no other upstream has a better one.

mod exchange;
mod upstreams;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use kinglet_dns_wire::{Rcode, Request, UpstreamReply};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::metrics::ForwardMetrics;
use crate::settings::ForwardSettings;
use exchange::exchange;
use upstreams::{Upstream, UpstreamList};

/// Times that each upstream is tried per query: a datagram that got lost must not be a failure.
const ROUNDS: usize = 2;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForwardError {
    /// No upstream is known, or all are this server itself.
    #[error("no upstream server is configured")]
    NoUpstream,
    /// None replied.
    #[error("no upstream server replied")]
    Unreachable,
}

/// Permission to wait for an upstream.
pub(crate) struct Permit {
    _permit: OwnedSemaphorePermit,
}

/// Forwards queries.
pub(crate) struct Forwarder {
    settings: ForwardSettings,
    upstreams: UpstreamList,
    tickets: Arc<Semaphore>,
    metrics: ForwardMetrics,
}

impl Forwarder {
    /// A forwarder that never asks one of the addresses `own`, where this server listens.
    pub(crate) fn new(settings: ForwardSettings, own: Vec<SocketAddr>, metrics: ForwardMetrics) -> Self {
        Self {
            upstreams: UpstreamList::new(settings.upstreams.clone(), own),
            tickets: Arc::new(Semaphore::new(settings.max_in_flight)),
            settings,
            metrics,
        }
    }

    /// Permission to forward a query; none if too many wait: each holds a socket and a copy of its query.
    pub(crate) fn admit(&self) -> Option<Permit> {
        let permit = self.tickets.clone().try_acquire_owned().ok();
        if permit.is_none() {
            self.metrics.reject();
        }
        permit.map(|permit| Permit { _permit: permit })
    }

    /// Asks upstreams until one answers. `message` is the query in wire format, `request` the same read.
    pub(crate) async fn forward(
        &self,
        message: &[u8],
        request: &Request<'_>,
    ) -> Result<UpstreamReply, ForwardError> {
        let upstreams = self.upstreams.in_order();
        if upstreams.is_empty() {
            return Err(ForwardError::NoUpstream);
        }
        // They are asked all the same: a query is how a server that works again is found.
        if upstreams.iter().all(|upstream| upstream.failed_recently()) {
            self.metrics.all_broken();
        }
        // Outside of the future, so that the total timeout does not lose it.
        let mut fallback = None;
        let attempts = self.attempts(&upstreams, message, request, &mut fallback);
        match tokio::time::timeout(self.settings.total, attempts).await {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) | Err(_) => fallback.ok_or(ForwardError::Unreachable),
        }
    }

    async fn attempts(
        &self,
        upstreams: &[Arc<Upstream>],
        message: &[u8],
        request: &Request<'_>,
        fallback: &mut Option<UpstreamReply>,
    ) -> Option<UpstreamReply> {
        for round in 0..ROUNDS {
            for upstream in upstreams {
                match self.attempt(upstream, message, request).await {
                    Some(reply) if is_failure(&reply) => *fallback = Some(reply),
                    Some(reply) => return Some(reply),
                    None => {}
                }
            }
            // Every upstream replied or timed out, and one of those that replied refused: asking again would
            // only make the client wait.
            if round == 0 && fallback.is_some() {
                return None;
            }
        }
        None
    }

    async fn attempt(
        &self,
        upstream: &Upstream,
        message: &[u8],
        request: &Request<'_>,
    ) -> Option<UpstreamReply> {
        self.metrics.request(&upstream.label);
        let start = Instant::now();
        match exchange(upstream.address, message, request, self.settings.attempt).await {
            Ok(reply) => {
                // Also with SERVFAIL: the server is there, the fault lies behind it.
                upstream.succeeded();
                self.metrics
                    .response(&upstream.label, reply.rcode().name(), start.elapsed());
                Some(reply)
            }
            Err(error) => {
                upstream.failed();
                tracing::debug!(upstream = %upstream.label, %error, "an upstream DNS server did not answer");
                None
            }
        }
    }
}

/// Whether another server may know better.
fn is_failure(reply: &UpstreamReply) -> bool {
    matches!(reply.rcode(), Rcode::SERVFAIL | Rcode::REFUSED)
}
