//! What some kinds do around a write beyond being stored: Services get addresses, CustomResourceDefinitions
//! change the served kinds.

use std::sync::Arc;

use kinglet_api_kinds::allocate::{AllocateError, Ranges};
use kinglet_api_kinds::default_ingress_class;
use serde_json::Value;

use crate::allocation::Reservation;
use crate::custom;
use crate::error::ApiError;
use crate::inner::Inner;
use crate::meta;
use crate::verbs::Call;

impl Inner {
    /// Chooses cluster IPs and node ports; they are kept from other writes as long as the reservation lives.
    pub(crate) fn allocate(
        &self,
        call: &Call,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<Option<Reservation<'_>>, ApiError> {
        if !call.kind.is("", "services") {
            return Ok(None);
        }
        let ranges = Ranges {
            networks: self.settings.service_cidrs.clone(),
            node_ports: self.settings.node_port_range.clone(),
        };
        let name = meta::text(object, "name").to_owned();
        let chosen = self
            .allocation
            .choose(&self.store, &call.kind.collection, (object, old), &ranges);
        chosen.map(Some).map_err(|error| match error {
            AllocateError::Invalid(errors) => {
                let resource = &call.kind.resource;
                ApiError::invalid(&resource.group, &resource.kind, &name, &errors)
            }
            // As in Kubernetes: no field of the object is wrong.
            AllocateError::Exhausted(_) => ApiError::internal(error),
        })
    }

    /// Last changes before a write.
    pub(crate) fn before_write(&self, call: &Call, object: &mut Value, old: Option<&Value>) {
        if custom::is_definition(call) {
            custom::accept(object);
        }
        // The admission plugin DefaultIngressClass looks at new Ingresses only: a class that was taken off
        // stays off.
        if old.is_none() && call.kind.is("networking.k8s.io", "ingresses") {
            // The latest revision is never compacted.
            let listing = self.store.list("networking.k8s.io/ingressclasses", None, None);
            let classes: Vec<Value> = listing
                .into_iter()
                .flat_map(|listing| listing.objects)
                .map(|class| class.value())
                .collect();
            default_ingress_class(object, &classes);
        }
    }

    /// Consequences of a write.
    pub(crate) async fn after_write(self: &Arc<Self>, call: &Call, _object: &Value) {
        if custom::is_definition(call) {
            custom::publish(self);
        }
    }

    /// Consequences of a deletion.
    pub(crate) async fn after_delete(self: &Arc<Self>, call: &Call, object: &Value) {
        if custom::is_definition(call) {
            // First, so that nobody creates more of what is deleted now.
            custom::publish(self);
            custom::delete_objects(self, object).await;
        }
    }
}
