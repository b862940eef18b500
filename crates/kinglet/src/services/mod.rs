//! The shells of the services: watched objects in, snapshots out.

pub(crate) mod cni;
pub(crate) mod ingress;
pub(crate) mod netpol;
pub(crate) mod servicelb;

use kinglet_kube::{Reflector, Reflectors};
use kinglet_model::{EndpointSlice, Ingress, IngressClass, Secret, Service};

/// The kinds that ingress watches.
#[derive(Clone)]
pub(crate) struct Watched {
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
            services: reflectors.of(),
            slices: reflectors.of(),
            ingresses: reflectors.of(),
            classes: reflectors.of(),
            secrets: reflectors.of(),
        }
    }
}
