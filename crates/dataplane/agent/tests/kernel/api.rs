//! What an agent of Services follows of a scripted API.

use kinglet_dataplane_agent::Sources;
use kinglet_kube::Reflectors;
use tokio_util::sync::CancellationToken;

pub(crate) use crate::scripted::Api;

impl Api {
    /// What an agent follows, until `stop`.
    pub(crate) fn sources(&self, stop: &CancellationToken) -> Sources {
        Sources::of(&Reflectors::new(self.client(), stop.clone()))
    }

    /// Whether somebody watches all that an agent follows.
    pub(crate) fn is_watched(&self) -> bool {
        self.state.lock().unwrap().watches.len() == 3
    }
}
