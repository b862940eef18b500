//! The shells of the services: watched objects in, snapshots out.

pub(crate) mod cni;
mod denied;
pub(crate) mod dns;
pub(crate) mod ingress;
pub(crate) mod netpol;
pub(crate) mod servicelb;

use kinglet_kube::{Client, Reflector};
use kinglet_model::{EndpointSlice, Ingress, IngressClass, Namespace, Secret, Service};
use tokio_util::sync::CancellationToken;

/// The watched kinds, each decoded once and shared by all services.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) namespaces: Reflector<Namespace>,
    pub(crate) services: Reflector<Service>,
    pub(crate) slices: Reflector<EndpointSlice>,
    pub(crate) ingresses: Reflector<Ingress>,
    pub(crate) classes: Reflector<IngressClass>,
    pub(crate) secrets: Reflector<Secret>,
}

impl Watched {
    /// Starts watching.
    pub(crate) fn spawn(client: &Client, stop: &CancellationToken) -> Self {
        Self {
            namespaces: Reflector::spawn(client.clone(), stop.clone()),
            services: Reflector::spawn(client.clone(), stop.clone()),
            slices: Reflector::spawn(client.clone(), stop.clone()),
            ingresses: Reflector::spawn(client.clone(), stop.clone()),
            classes: Reflector::spawn(client.clone(), stop.clone()),
            secrets: Reflector::spawn(client.clone(), stop.clone()),
        }
    }
}
