//! An API server in the process.

use http::Request;
use http_body_util::Either;
use kinglet_apiserver::{ApiServer, ApiServerSettings, Identity};
use kinglet_kube::Client;

use super::client::Api;
use super::gate::Gate;

/// An API server in the process, in memory.
#[derive(Clone)]
pub struct Server(ApiServer);

impl Server {
    /// One without objects of a user's.
    pub fn start() -> Self {
        Self(ApiServer::open(ApiServerSettings::default()).unwrap())
    }

    /// The same; Services can have addresses of both families.
    pub fn dual_stack() -> Self {
        let ranges = ["10.43.0.0/16", "fd43::/112"];
        Self(
            ApiServer::open(ApiServerSettings {
                service_cidrs: ranges.map(|range| range.parse().unwrap()).into(),
                ..ApiServerSettings::default()
            })
            .unwrap(),
        )
    }

    /// A client of an administrator.
    pub fn client(&self) -> Client {
        self.client_through(&Gate::default())
    }

    /// A client whose requests pass a gate.
    pub fn client_through(&self, gate: &Gate) -> Client {
        let (server, gate) = (self.0.clone(), gate.clone());
        kinglet_kube::in_process(move |mut request: Request<_>| {
            request.extensions_mut().insert(Identity::admin());
            let (server, refusal) = (server.clone(), gate.refusal());
            async move {
                match refusal {
                    None => server.handle(request).await.map(Either::Left),
                    Some(response) => response.map(Either::Right),
                }
            }
        })
    }

    /// What a test reads and writes with.
    pub fn api(&self) -> Api {
        Api::new(self.client())
    }
}
