//! Everything that a request needs to know, at one moment.

use std::sync::Arc;

use arc_swap::ArcSwap;
use hashbrown::HashMap;
use kinglet_ingress_routes::{Configuration, RouteTable};

use crate::balancer::Backend;
use crate::certificates::CertificateMap;

/// The snapshot that workers read and the composition root replaces.
pub type SharedSnapshot = Arc<ArcSwap<ProxySnapshot>>;

/// An immutable configuration in the form that the proxy works with.
#[derive(Debug, Default)]
pub struct ProxySnapshot {
    table: RouteTable,
    routes: Vec<Route>,
    backends: HashMap<Arc<str>, Arc<Backend>>,
    pub(crate) certificates: CertificateMap,
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
    /// The snapshot that follows `previous`. Services that did not change keep their balancer; changed ones
    /// keep its position.
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
            certificates: CertificateMap::new(&configuration.certificates),
            backends,
        }
    }

    /// An empty snapshot, to start with: every request gets 404.
    pub fn shared() -> SharedSnapshot {
        Arc::new(ArcSwap::from_pointee(Self::default()))
    }

    /// Publishes the configuration as the next snapshot. Requests on their way keep the one they started
    /// with.
    pub fn publish(shared: &SharedSnapshot, configuration: &Configuration) {
        let next = Self::next(&shared.load(), configuration);
        shared.store(Arc::new(next));
    }

    pub(crate) fn find(&self, host: &str, path: &str) -> Option<&Route> {
        self.routes.get(self.table.find(host, path)?)
    }
}
