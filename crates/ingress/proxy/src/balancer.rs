//! A service in the proxy: its servers in turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use kinglet_ingress_routes::{Scheme, Server, Service};

/// Where connections go: a server and the protocol spoken to it. Connections are pooled by this.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Endpoint {
    pub(crate) server: Server,
    pub(crate) scheme: Scheme,
}

/// A service with the position of its round robin.
#[derive(Debug)]
pub(crate) struct Backend {
    pub(crate) service: Arc<Service>,
    endpoints: Vec<Arc<Endpoint>>,
    turn: AtomicUsize,
}

impl Backend {
    /// The backend of a service. The one of the previous snapshot is kept when the service is the same; else
    /// its position is taken over.
    pub(crate) fn next(previous: Option<&Arc<Self>>, service: &Arc<Service>) -> Arc<Self> {
        match previous {
            Some(previous) if Arc::ptr_eq(&previous.service, service) || previous.service == *service => {
                previous.clone()
            }
            // From the position of the previous one: starting at 0 at each change would favour the first
            // servers while Pods come and go.
            previous => Arc::new(Self {
                service: service.clone(),
                endpoints: service
                    .servers
                    .iter()
                    .map(|server| endpoint(server, service.scheme))
                    .collect(),
                turn: AtomicUsize::new(previous.map_or(0, |previous| previous.turn.load(Relaxed))),
            }),
        }
    }

    /// The server whose turn it is; `None` when there is none.
    pub(crate) fn pick(&self) -> Option<&Arc<Endpoint>> {
        // Shared by all workers, so that few requests on many workers still go to different servers. Wraps
        // around.
        let turn = self.turn.fetch_add(1, Relaxed);
        self.endpoints.get(turn.checked_rem(self.endpoints.len())?)
    }

    /// Number of servers.
    pub(crate) fn len(&self) -> usize {
        self.endpoints.len()
    }
}

fn endpoint(server: &Server, scheme: Scheme) -> Arc<Endpoint> {
    Arc::new(Endpoint {
        server: server.clone(),
        scheme,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn service(ports: &[u16]) -> Arc<Service> {
        let server = |port: &u16| Server::from(std::net::SocketAddr::from(([10, 0, 0, 1], *port)));
        Arc::new(Service {
            name: "web".into(),
            scheme: Scheme::Http,
            servers: ports.iter().map(server).collect(),
        })
    }

    fn pick(backend: &Backend) -> Option<u16> {
        backend.pick().map(|endpoint| endpoint.server.port)
    }

    #[test]
    fn servers_take_turns_and_turns_survive_a_change() {
        let first = Backend::next(None, &service(&[1, 2, 3]));
        assert_eq!(
            [pick(&first), pick(&first), pick(&first), pick(&first)],
            [Some(1), Some(2), Some(3), Some(1)]
        );
        let equal = Backend::next(Some(&first), &service(&[1, 2, 3]));
        assert!(Arc::ptr_eq(&first, &equal));
        let changed = Backend::next(Some(&first), &service(&[1, 2]));
        assert_eq!([pick(&changed), pick(&changed)], [Some(1), Some(2)]);
        assert_eq!(pick(&Backend::next(None, &service(&[]))), None);
    }
}
