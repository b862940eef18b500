//! What an agent of Services follows of a scripted API.

use kinglet_dataplane::agent::{Metrics, Sources};
use kinglet_kube::Reflector;
use tokio_util::sync::CancellationToken;

pub(crate) use crate::scripted::Api;

impl Api {
    /// What an agent follows, until `stop`.
    pub(crate) fn sources(&self, stop: &CancellationToken) -> Sources {
        let client = self.client();
        Sources {
            services: Reflector::spawn(client.clone(), stop.clone()),
            slices: Reflector::spawn(client.clone(), stop.clone()),
            nodes: Reflector::spawn(client, stop.clone()),
            shares: None,
            served: None,
            health: None,
            metrics: Metrics::default(),
        }
    }

    /// Whether somebody watches all that an agent follows.
    pub(crate) fn is_watched(&self) -> bool {
        self.state.lock().unwrap().watches.len() == 3
    }
}
