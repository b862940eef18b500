//! Everything that a request needs to know, at one moment.

use std::sync::Arc;

use arc_swap::ArcSwap;
use hashbrown::HashMap;
use kinglet_ingress_routes::{Configuration, RouteTable};
use kinglet_ingress_tls::{CertificateStore, Unusable};
use rustls::crypto::CryptoProvider;

use crate::balancer::Backend;

/// The snapshot that workers read and the composition root replaces.
pub type SharedSnapshot = Arc<ArcSwap<ProxySnapshot>>;

/// An immutable configuration in the form that the proxy works with.
#[derive(Debug)]
pub struct ProxySnapshot {
    table: RouteTable,
    routes: Vec<Route>,
    backends: HashMap<Arc<str>, Arc<Backend>>,
    pub(crate) certificates: Arc<CertificateStore>,
}

/// Where a router leads.
#[derive(Debug)]
pub(crate) struct Route {
    /// The router's name.
    pub(crate) router: Arc<str>,
    /// `None` answers 404.
    pub(crate) backend: Option<Arc<Backend>>,
}

impl ProxySnapshot {
    /// The snapshot that follows `previous`. Services that did not change keep their balancer, changed ones
    /// its position; certificates that did not change are not loaded again.
    pub fn next(previous: &Self, configuration: &Configuration) -> Self {
        let backends: HashMap<_, _> = configuration
            .services
            .iter()
            .map(|(name, service)| (name.clone(), Backend::next(previous.backends.get(name), service)))
            .collect();
        let routes = configuration.routers.iter().map(|router| Route {
            router: router.name.clone(),
            backend: router
                .service
                .as_ref()
                .and_then(|name| backends.get(name))
                .cloned(),
        });
        Self {
            table: RouteTable::new(&configuration.routers),
            routes: routes.collect(),
            certificates: Arc::new(previous.certificates.next(&configuration.certificates)),
            backends,
        }
    }

    /// An empty snapshot, to start with: every request gets 404. The provider loads the keys of certificates.
    pub fn shared(provider: Arc<CryptoProvider>) -> SharedSnapshot {
        Arc::new(ArcSwap::from_pointee(Self {
            table: RouteTable::default(),
            routes: Vec::new(),
            backends: HashMap::new(),
            certificates: Arc::new(CertificateStore::new(provider)),
        }))
    }

    /// Publishes the configuration as the next snapshot, and returns which of its certificates cannot be
    /// used. Requests on their way keep the snapshot that they started with.
    pub fn publish(shared: &SharedSnapshot, configuration: &Configuration) -> Vec<Unusable> {
        // There is one publisher: nothing is lost between loading and storing.
        let next = Self::next(&shared.load(), configuration);
        let unusable = next.certificates.unusable();
        shared.store(Arc::new(next));
        unusable
    }

    pub(crate) fn find(&self, host: &str, path: &str) -> Option<&Route> {
        self.routes.get(self.table.find(host, path)?)
    }
}
