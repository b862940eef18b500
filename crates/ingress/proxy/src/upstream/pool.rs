//! Idle connections of one worker.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;
use hyper::client::conn::{http1, http2};

use super::connection::{Connection, Lease};
use crate::Settings;
use crate::balancer::Endpoint;
use crate::body::RequestBody;

/// Connections by server. The one used last is taken first, so that those beyond the need grow old and are
/// closed.
pub(crate) struct Pool {
    pub(super) settings: Arc<Settings>,
    idle: RefCell<HashMap<Arc<Endpoint>, Vec<Idle>>>,
    multiplexed: RefCell<HashMap<Arc<Endpoint>, http2::SendRequest<RequestBody>>>,
}

struct Idle {
    sender: http1::SendRequest<RequestBody>,
    since: Instant,
}

impl Pool {
    pub(crate) fn new(settings: Arc<Settings>) -> Rc<Self> {
        Rc::new(Self {
            settings,
            idle: RefCell::default(),
            multiplexed: RefCell::default(),
        })
    }

    /// A connection to a server that is open, as far as one can know.
    pub(super) fn take(self: &Rc<Self>, endpoint: &Arc<Endpoint>) -> Option<Connection> {
        if let Some(sender) = self
            .multiplexed
            .borrow()
            .get(endpoint)
            .filter(|sender| !sender.is_closed())
        {
            return Some(Connection::Http2(sender.clone()));
        }
        let mut all = self.idle.borrow_mut();
        let idle = all.get_mut(endpoint)?;
        while let Some(Idle { sender, .. }) = idle.pop() {
            if sender.is_ready() {
                return Some(Connection::Http1(self.lease(endpoint, sender)));
            }
        }
        None
    }

    /// A connection in use.
    pub(super) fn lease(
        self: &Rc<Self>,
        endpoint: &Arc<Endpoint>,
        sender: http1::SendRequest<RequestBody>,
    ) -> Lease {
        Lease {
            sender,
            endpoint: endpoint.clone(),
            pool: self.clone(),
        }
    }

    /// Takes a connection back, unless there are enough.
    pub(super) fn put(&self, endpoint: Arc<Endpoint>, sender: http1::SendRequest<RequestBody>) {
        let mut all = self.idle.borrow_mut();
        let idle = all.entry(endpoint).or_default();
        if idle.len() < self.settings.limits.idle_per_server {
            let since = Instant::now();
            idle.push(Idle { sender, since });
        }
    }

    /// Shares a connection that carries many requests.
    pub(super) fn share(&self, endpoint: &Arc<Endpoint>, sender: http2::SendRequest<RequestBody>) {
        self.multiplexed.borrow_mut().insert(endpoint.clone(), sender);
    }

    /// Closes connections that were idle for too long or that their servers have closed.
    pub(crate) fn sweep(&self, now: Instant) {
        let is_fresh = |idle: &Idle| {
            !idle.sender.is_closed()
                && now.saturating_duration_since(idle.since) < self.settings.timeouts.upstream_idle
        };
        self.idle.borrow_mut().retain(|_, idle| {
            idle.retain(is_fresh);
            !idle.is_empty()
        });
        self.multiplexed
            .borrow_mut()
            .retain(|_, sender| !sender.is_closed());
    }
}
