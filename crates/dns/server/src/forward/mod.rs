//! Asking other servers what the zones do not know.
//!
//! Each query goes out from a socket of its own, so with a random port and a random id, to the upstreams in
//! random order; those that failed lately come last. A reply that says SERVFAIL or REFUSED makes the next one
//! be asked, and is given if no other knows better.

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

/// Times that each upstream is tried per query.
const ROUNDS: usize = 2;

/// Why there is no reply.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ForwardError {
    /// No upstream is known, or all are this server itself.
    #[error("there is no upstream server")]
    NoUpstream,
    /// None replied.
    #[error("no upstream server replied")]
    Unreachable,
}

/// Leave to wait for an upstream.
pub(crate) struct Ticket {
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

    /// Leave to forward a query; none if too many wait.
    pub(crate) fn admit(&self) -> Option<Ticket> {
        let permit = self.tickets.clone().try_acquire_owned().ok();
        if permit.is_none() {
            self.metrics.reject();
        }
        permit.map(|permit| Ticket { _permit: permit })
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
        if upstreams.iter().all(|upstream| upstream.failed_lately()) {
            self.metrics.all_broken();
        }
        let mut unwilling = None;
        let attempts = self.attempts(&upstreams, message, request, &mut unwilling);
        match tokio::time::timeout(self.settings.total, attempts).await {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) | Err(_) => unwilling.ok_or(ForwardError::Unreachable),
        }
    }

    async fn attempts(
        &self,
        upstreams: &[Arc<Upstream>],
        message: &[u8],
        request: &Request<'_>,
        unwilling: &mut Option<UpstreamReply>,
    ) -> Option<UpstreamReply> {
        for round in 0..ROUNDS {
            for upstream in upstreams {
                match self.attempt(upstream, message, request).await {
                    Some(reply) if is_unwilling(&reply) => *unwilling = Some(reply),
                    Some(reply) => return Some(reply),
                    None => {}
                }
            }
            // What all have refused they will refuse again.
            if round == 0 && unwilling.is_some() {
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
                upstream.worked();
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

fn is_unwilling(reply: &UpstreamReply) -> bool {
    matches!(reply.rcode(), Rcode::SERVFAIL | Rcode::REFUSED)
}
