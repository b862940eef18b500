//! What an agent of network policy follows of a scripted API.

use kinglet_kube::Reflectors;
use kinglet_netpol::Sources;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

pub(crate) use crate::scripted::Api;

impl Api {
    /// What has been written.
    pub(crate) fn written(&self) -> Vec<Value> {
        self.state.lock().unwrap().written.clone()
    }

    /// What an agent follows, until `stop`.
    pub(crate) fn sources(&self, stop: &CancellationToken) -> Sources {
        Sources::of(&Reflectors::new(self.client(), stop.clone()))
    }
}
