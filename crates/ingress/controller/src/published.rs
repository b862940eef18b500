//! Under which addresses Ingresses are published.

use kinglet_ingress_providers::{ClusterView, Objects, status};
use kinglet_model::{LoadBalancerIngress, Node, ObjectName};
use tracing::warn;

/// The Service that stands in front of an ingress controller in K3s.
const USUAL: (&str, &str) = ("kube-system", "traefik");

/// What the status of Ingresses shows.
#[derive(Clone, Debug, Default)]
pub struct Publication {
    /// The Service whose addresses are shown; as long as it has none, statuses stay as they are. `None` is
    /// `kube-system/traefik` if there is such a Service, and otherwise `own`.
    pub service: Option<ObjectName>,
    /// The addresses of this process.
    pub own: Vec<LoadBalancerIngress>,
}

/// Knows the addresses of the moment.
pub(crate) struct Published {
    publication: Publication,
    /// Not in the view: nothing is compiled again because of a Node.
    pub(crate) nodes: Objects<Node>,
    is_missing: bool,
}

impl Published {
    pub(crate) fn new(publication: Publication) -> Self {
        Self {
            publication,
            nodes: Objects::default(),
            is_missing: false,
        }
    }

    /// The addresses now; none if they are not known.
    pub(crate) fn addresses(&mut self, view: &ClusterView) -> Vec<LoadBalancerIngress> {
        let (namespace, name) = USUAL;
        let usual = || ObjectName::new(namespace, name);
        let service = self.publication.service.clone().unwrap_or_else(usual);
        match view.services.get(&service) {
            Some(found) => {
                self.is_missing = false;
                status::addresses(found, self.nodes.values().map(AsRef::as_ref))
            }
            None if self.publication.service.is_none() => self.publication.own.clone(),
            None => {
                // Once, and again when it was there in between.
                if !std::mem::replace(&mut self.is_missing, true) {
                    warn!(%service, "the published Service does not exist; the status of Ingresses stays as it is");
                }
                Vec::new()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kinglet_model::Service;
    use serde_json::json;

    use super::*;

    fn texts(publication: &Publication, view: &ClusterView) -> Vec<String> {
        let addresses = Published::new(publication.clone()).addresses(view);
        addresses
            .iter()
            .filter_map(|one| one.ip.as_deref())
            .map(str::to_owned)
            .collect()
    }

    #[test]
    fn own_addresses_only_where_no_service_stands_in_front() {
        let own = LoadBalancerIngress {
            ip: Some("10.0.0.1".into()),
            ..LoadBalancerIngress::default()
        };
        let usual = Publication {
            service: None,
            own: vec![own],
        };
        let named = Publication {
            service: Some(ObjectName::new("web", "front")),
            ..usual.clone()
        };
        let mut view = ClusterView::default();
        assert_eq!(texts(&usual, &view), ["10.0.0.1"]);
        assert!(texts(&named, &view).is_empty());

        let mut put = |namespace: &str, name: &str, ip: &str| {
            let service: Service = serde_json::from_value(json!({"spec": {"externalIPs": [ip]}})).unwrap();
            view.services
                .insert(ObjectName::new(namespace, name), Arc::new(service));
        };
        put("kube-system", "traefik", "192.0.2.1");
        put("web", "front", "192.0.2.2");
        assert_eq!(texts(&usual, &view), ["192.0.2.1"]);
        assert_eq!(texts(&named, &view), ["192.0.2.2"]);
    }
}
