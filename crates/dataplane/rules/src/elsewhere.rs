//! Objects that are not for this proxy.

use kinglet_model::{Meta, wellknown};

/// Whether labels leave a Service or an EndpointSlice to another proxy, or to none. kube-proxy does not even
/// watch such objects, and values of the labels mean nothing to it.
pub(crate) fn is_left_to_others(metadata: &Meta) -> bool {
    let labels = [wellknown::LABEL_SERVICE_PROXY_NAME, wellknown::LABEL_HEADLESS];
    labels.into_iter().any(|label| metadata.label(label).is_some())
}
