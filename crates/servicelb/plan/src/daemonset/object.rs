//! DaemonSet (apps/v1), as far as it is looked at.

use kinglet_model::{Meta, Object, ObjectName};
use serde::Deserialize;

use crate::names::{LABEL_NODE_SELECTOR, LABEL_SERVICE_NAME, LABEL_SERVICE_NAMESPACE};

/// A DaemonSet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct DaemonSet {
    /// `metadata`
    pub metadata: Meta,
}

impl Object for DaemonSet {
    const GROUP: &'static str = "apps";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "DaemonSet";
    const PLURAL: &'static str = "daemonsets";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl DaemonSet {
    /// Whether it is that of a load balancer, of ours or of K3s.
    pub fn is_load_balancer(&self) -> bool {
        self.metadata.label(LABEL_NODE_SELECTOR).is_some()
    }

    /// The Service that it is for.
    pub fn service(&self) -> Option<ObjectName> {
        let namespace = self.metadata.label(LABEL_SERVICE_NAMESPACE)?;
        let name = self.metadata.label(LABEL_SERVICE_NAME)?;
        Some(ObjectName::new(namespace, name))
    }
}
