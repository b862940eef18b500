//! The watched objects at one moment.

use std::collections::HashMap;
use std::sync::Arc;

use kinglet_model::{EndpointSlice, Ingress, IngressClass, ObjectName, Secret, Service};

/// Objects of one kind by name.
pub type Objects<K> = HashMap<ObjectName, Arc<K>>;

/// Everything that the routes depend on.
#[derive(Clone, Debug, Default)]
pub struct ClusterView {
    /// Ingresses of all namespaces.
    pub ingresses: Objects<Ingress>,
    /// IngressClasses.
    pub classes: Objects<IngressClass>,
    /// Services.
    pub services: Objects<Service>,
    /// EndpointSlices.
    pub slices: Objects<EndpointSlice>,
    /// Secrets; only those that Ingresses name are looked at.
    pub secrets: Objects<Secret>,
}

impl ClusterView {
    /// Ingresses from the oldest to the youngest, then by name: the order that decides between equal rules.
    pub(crate) fn ingresses_by_age(&self) -> Vec<&Arc<Ingress>> {
        let mut ingresses: Vec<_> = self.ingresses.iter().collect();
        ingresses.sort_by_key(|(name, ingress)| (ingress.metadata.creation_timestamp, *name));
        ingresses.into_iter().map(|(_, ingress)| ingress).collect()
    }

    /// The slices of every Service, each list from the oldest to the youngest, then by name.
    pub(crate) fn slices_by_service(&self) -> HashMap<ObjectName, Vec<&EndpointSlice>> {
        let mut services: HashMap<ObjectName, Vec<&EndpointSlice>> =
            HashMap::with_capacity(self.slices.len());
        for slice in self.slices.values() {
            if let Some(service) = slice.service() {
                services.entry(service).or_default().push(slice);
            }
        }
        for slices in services.values_mut() {
            slices.sort_by_key(|slice| (slice.metadata.creation_timestamp, &slice.metadata.name));
        }
        services
    }
}
