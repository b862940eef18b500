//! The marks on a Service that we serve or have served: our condition and the finalizers.

use kinglet_model::{Service, ServiceType};

use crate::names::{CONDITION, CONDITION_PORTS, FINALIZER, FINALIZER_LEGACY};

/// Whether our controller has written the status before: it has our condition.
pub fn is_marked(service: &Service) -> bool {
    service.conditions.iter().any(|one| &*one.kind == CONDITION)
}

/// Whether something on it may have to be cleaned up.
pub(crate) fn has_traces(service: &Service) -> bool {
    is_marked(service)
        || is_told(service)
        || has_finalizer(service, FINALIZER)
        || has_finalizer(service, FINALIZER_LEGACY)
}

/// Whether it has our condition about ports that others have.
pub fn is_told(service: &Service) -> bool {
    service.conditions.iter().any(|one| &*one.kind == CONDITION_PORTS)
}

/// Whether a Service has a finalizer.
pub fn has_finalizer(service: &Service, finalizer: &str) -> bool {
    let mut finalizers = service.metadata.finalizers.iter();
    finalizers.any(|one| &**one == finalizer)
}

/// Whether it should have a load balancer of the usual class.
pub(crate) fn is_wanted(service: &Service) -> bool {
    service.service_type == ServiceType::LoadBalancer
        && service.load_balancer_class.is_none()
        && service.metadata.deletion_timestamp.is_none()
}
