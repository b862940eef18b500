//! What some kinds do around a write beyond being stored: Services get addresses, CustomResourceDefinitions change the served kinds.

use std::sync::Arc;

use kinglet_api_kinds::allocate::{self, AllocateError, Held, Ranges};
use serde_json::Value;
use tokio::sync::MutexGuard;

use crate::api::Inner;
use crate::custom;
use crate::error::ApiError;
use crate::meta;
use crate::verbs::Call;

impl Inner {
    /// Writes of Services come one after the other, so that no address or port is given twice.
    pub(crate) async fn serialize_allocation(&self, call: &Call) -> Option<MutexGuard<'_, ()>> {
        if call.kind.is("", "services") {
            Some(self.allocation.lock().await)
        } else {
            None
        }
    }

    /// Chooses cluster IPs and node ports.
    pub(crate) fn allocate(
        &self,
        call: &Call,
        object: &mut Value,
        old: Option<&Value>,
    ) -> Result<(), ApiError> {
        if !call.kind.is("", "services") {
            return Ok(());
        }
        let mut held = Held::default();
        // The latest revision is never compacted.
        let services = self
            .store
            .list(&call.kind.collection, None, None)
            .map(|listing| listing.objects);
        for service in services.unwrap_or_default() {
            held.add(&Held::by(&service.value()));
        }
        let ranges = Ranges {
            networks: self.settings.service_cidrs.clone(),
            node_ports: self.settings.node_port_range.clone(),
        };
        allocate::service(object, old, &ranges, &held, &mut random).map_err(|error| match error {
            AllocateError::Invalid(errors) => {
                let resource = &call.kind.resource;
                ApiError::invalid(
                    &resource.group,
                    &resource.kind,
                    meta::text(object, "name"),
                    &errors,
                )
            }
            AllocateError::Exhausted(_) => ApiError::internal(error),
        })
    }

    /// Last changes before a write.
    pub(crate) fn before_write(
        &self,
        call: &Call,
        object: &mut Value,
        _old: Option<&Value>,
    ) -> Result<(), ApiError> {
        if custom::is_definition(call) {
            custom::accept(object);
        }
        Ok(())
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
            custom::publish(self);
            custom::delete_objects(self, object).await;
        }
    }
}

/// A random number. The system's source does not fail once the system is up; then the first free address is as good as any.
fn random() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => 0,
    }
}
