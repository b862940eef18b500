//! The shells of the services: watched objects in, snapshots out.

pub(crate) mod cni;
mod denied;
pub(crate) mod dns;
pub(crate) mod netpol;
pub(crate) mod servicelb;

use kinglet_kube::{Reflector, Reflectors};
use kinglet_model::{EndpointSlice, Namespace, Service};

/// What DNS watches.
#[derive(Clone)]
pub(crate) struct Watched {
    pub(crate) namespaces: Reflector<Namespace>,
    pub(crate) services: Reflector<Service>,
    pub(crate) slices: Reflector<EndpointSlice>,
}

impl Watched {
    /// Starts watching.
    pub(crate) fn start(reflectors: &Reflectors) -> Self {
        Self {
            namespaces: reflectors.of(),
            services: reflectors.of(),
            slices: reflectors.of(),
        }
    }
}
