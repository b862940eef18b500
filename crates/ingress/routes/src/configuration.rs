//! Everything the proxy is told at one moment.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::certificate::Certificate;
use crate::router::Router;
use crate::service::Service;

/// A complete configuration: it replaces the previous one as a whole.
///
/// Values are shared, so that what did not change between two configurations is the same allocation in both
/// and keeps its state in the proxy (balancer position, decoded certificates).
#[derive(Clone, Debug, Default)]
pub struct Configuration {
    /// All routers. The order decides between routers that match exactly the same requests: the first wins.
    pub routers: Vec<Router>,
    /// Services by [`Service::name`].
    pub services: BTreeMap<Arc<str>, Arc<Service>>,
    /// Certificates for TLS listeners, in any order.
    pub certificates: Vec<Arc<Certificate>>,
}
