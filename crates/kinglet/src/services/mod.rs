//! The shells of the services: watched objects in, snapshots out.

pub(crate) mod cni;
mod denied;
pub(crate) mod dns;
pub(crate) mod ingress;
pub(crate) mod netpol;
pub(crate) mod servicelb;

use kinglet_kube::{Reflector, Reflectors};
use kinglet_model::{EndpointSlice, Ingress, IngressClass, Namespace, Secret, Service};

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
    pub(crate) fn start(reflectors: &Reflectors) -> Self {
        Self {
            namespaces: reflectors.of(),
            services: reflectors.of(),
            slices: reflectors.of(),
            ingresses: reflectors.of(),
            classes: reflectors.of(),
            secrets: reflectors.of(),
        }
    }
}
