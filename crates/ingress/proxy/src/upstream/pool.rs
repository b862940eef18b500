//! The pool of one worker's connections to servers.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Instant;

use hashbrown::HashMap;
use hyper::client::conn::{http1, http2};

use super::body::RequestBody;
use crate::balancer::Endpoint;
use crate::settings::ProxySettings;

/// Connections by server. The one used last is taken first, so that those beyond the need stay idle until
/// they are closed.
pub(crate) struct Pool {
    pub(super) settings: Arc<ProxySettings>,
    idle: RefCell<HashMap<Arc<Endpoint>, Vec<Idle>>>,
    multiplexed: RefCell<HashMap<Arc<Endpoint>, http2::SendRequest<RequestBody>>>,
}

struct Idle {
    sender: http1::SendRequest<RequestBody>,
    since: Instant,
}

/// A connection that is ready for a request.
pub(super) enum Connection {
    /// For one request at a time.
    Http1(PooledConnection),
    /// For many: the pool keeps another handle.
    Http2(http2::SendRequest<RequestBody>),
}

impl Pool {
    pub(crate) fn new(settings: Arc<ProxySettings>) -> Rc<Self> {
        Rc::new(Self {
            settings,
            idle: RefCell::default(),
            multiplexed: RefCell::default(),
        })
    }

    /// An open connection to a server. The server may close it at the same moment, which only sending shows.
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
            // One that its server has closed meanwhile is dropped, and the next one is tried.
            if sender.is_ready() {
                return Some(Connection::Http1(self.pooled(endpoint, sender)));
            }
        }
        None
    }

    /// A connection in use, which comes back when it is released.
    pub(super) fn pooled(
        self: &Rc<Self>,
        endpoint: &Arc<Endpoint>,
        sender: http1::SendRequest<RequestBody>,
    ) -> PooledConnection {
        PooledConnection {
            sender,
            endpoint: endpoint.clone(),
            pool: self.clone(),
        }
    }

    /// Takes a connection back, unless enough are idle: Traefik's `maxIdleConnsPerHost`.
    fn put(&self, endpoint: Arc<Endpoint>, sender: http1::SendRequest<RequestBody>) {
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
        // Empty entries go, too: Pods come and go with new addresses, and the map would grow for ever.
        self.idle.borrow_mut().retain(|_, idle| {
            idle.retain(is_fresh);
            !idle.is_empty()
        });
        self.multiplexed
            .borrow_mut()
            .retain(|_, sender| !sender.is_closed());
    }
}

/// An HTTP/1.1 connection that is in use. Released, it goes back to the pool; dropped, it is closed.
pub(crate) struct PooledConnection {
    pub(super) sender: http1::SendRequest<RequestBody>,
    endpoint: Arc<Endpoint>,
    pool: Rc<Pool>,
}

impl PooledConnection {
    /// Gives the connection back when its last response has been read.
    pub(crate) fn release(mut self) {
        if self.sender.is_ready() {
            self.pool.put(self.endpoint, self.sender);
        } else if !self.sender.is_closed() {
            // The connection's own task has not been polled since the end of the body and does not know of it
            // yet.
            tokio::task::spawn_local(async move {
                if self.sender.ready().await.is_ok() {
                    self.pool.put(self.endpoint, self.sender);
                }
            });
        }
    }
}
