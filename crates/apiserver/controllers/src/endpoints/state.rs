//! What the controller knows: the watched objects, by the Service whose endpoints they decide about.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use kinglet_model::{Node, ObjectName, ServiceType};

use super::objects::{Endpoints, Map, Pod, Service, Slice};
use super::write::Write;
use super::{legacy, mirror, selected};

/// Node label that becomes the zone of endpoints.
const LABEL_ZONE: &str = "topology.kubernetes.io/zone";

#[derive(Default)]
pub(super) struct State {
    services: BTreeMap<ObjectName, Arc<Service>>,
    pods: BTreeMap<ObjectName, Arc<Pod>>,
    slices: HashMap<ObjectName, Arc<Slice>>,
    /// Names of slices by Service.
    slices_of: HashMap<ObjectName, BTreeSet<ObjectName>>,
    endpoints: HashMap<ObjectName, Arc<Endpoints>>,
    zones: HashMap<Arc<str>, Arc<str>>,
    /// Services that were deleted while we watched.
    deleted: HashSet<ObjectName>,
}

/// The writes that a Service needs now.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Plan {
    pub(super) slices: Vec<Write>,
    pub(super) endpoints: Option<Write>,
}

/// The Services whose endpoints a change may concern.
pub(super) type Concerned = Vec<ObjectName>;

impl State {
    pub(super) fn service(&mut self, name: ObjectName, now: Option<Arc<Service>>) -> Concerned {
        match now {
            Some(service) => {
                self.deleted.remove(&name);
                self.services.insert(name.clone(), service);
            }
            None => {
                self.services.remove(&name);
                self.deleted.insert(name.clone());
            }
        }
        vec![name]
    }

    pub(super) fn pod(&mut self, name: ObjectName, now: Option<Arc<Pod>>) -> Concerned {
        let before = match now.clone() {
            Some(pod) => self.pods.insert(name.clone(), pod),
            None => self.pods.remove(&name),
        };
        let states: Vec<Arc<Pod>> = before.into_iter().chain(now).collect();
        let selecting = |service: &Service| {
            let selector = service.selector();
            selector.is_some_and(|selector| states.iter().any(|pod| selects(selector, pod)))
        };
        within(&self.services, &name.namespace)
            .filter(|(_, service)| selecting(service))
            .map(|(name, _)| name.clone())
            .collect()
    }

    pub(super) fn slice(&mut self, name: ObjectName, now: Option<Arc<Slice>>) -> Concerned {
        let before = self.slices.remove(&name).and_then(|slice| slice.service());
        if let Some(service) = &before
            && let Some(names) = self.slices_of.get_mut(service)
        {
            names.remove(&name);
            if names.is_empty() {
                self.slices_of.remove(service);
            }
        }
        let after = now.as_ref().and_then(|slice| slice.service());
        if let (Some(slice), Some(service)) = (now, &after) {
            self.slices_of
                .entry(service.clone())
                .or_default()
                .insert(name.clone());
            self.slices.insert(name, slice);
        }
        before.into_iter().chain(after).collect()
    }

    pub(super) fn endpoints(&mut self, name: ObjectName, now: Option<Arc<Endpoints>>) -> Concerned {
        match now {
            Some(endpoints) => self.endpoints.insert(name.clone(), endpoints),
            None => self.endpoints.remove(&name),
        };
        vec![name]
    }

    pub(super) fn node(&mut self, name: ObjectName, now: Option<Arc<Node>>) -> Concerned {
        let zone: Option<Arc<str>> = now.and_then(|node| node.metadata.label(LABEL_ZONE).map(Arc::from));
        let before = match zone.clone() {
            Some(zone) => self.zones.insert(name.name, zone),
            None => self.zones.remove(&name.name),
        };
        if before == zone {
            Vec::new()
        } else {
            self.services.keys().cloned().collect()
        }
    }

    /// The writes that bring the endpoints of a Service in line.
    pub(super) fn plan(&self, name: &ObjectName) -> Plan {
        let service = self.services.get(name).map(Arc::as_ref);
        let endpoints = self.endpoints.get(name).map(Arc::as_ref);
        let names = self.slices_of.get(name).into_iter().flatten();
        let slices: Vec<Arc<Slice>> = names.filter_map(|name| self.slices.get(name).cloned()).collect();
        let mut plan = Plan {
            slices: mirror::plan(service, endpoints, &slices),
            endpoints: None,
        };
        match service {
            None => plan.endpoints = endpoints.filter(|one| self.is_left_over(name, one)).map(delete),
            Some(service) => {
                if let Some(selector) = service.selector()
                    // Clients get the name itself from DNS; Kubernetes gives it no endpoints either
                    // (kubernetes/kubernetes#105986).
                    && service.spec.r#type != ServiceType::ExternalName
                {
                    let pods = self.selected(&name.namespace, selector);
                    let zones = |node: &str| self.zones.get(node).cloned();
                    plan.slices
                        .extend(selected::plan(service, &pods, &zones, &slices));
                    plan.endpoints = legacy::plan(service, &pods, endpoints);
                }
            }
        }
        plan
    }

    /// The end of a Service is the end of its Endpoints, be they hand-written; those that never had a Service
    /// stay.
    fn is_left_over(&self, name: &ObjectName, endpoints: &Endpoints) -> bool {
        let leader = endpoints.metadata.annotation(mirror::ANNOTATION_LEADER).is_some();
        !leader && (self.deleted.contains(name) || legacy::is_managed(endpoints))
    }

    /// The end of a Service has been dealt with.
    pub(super) fn forget(&mut self, name: &ObjectName) {
        self.deleted.remove(name);
    }

    fn selected(&self, namespace: &str, selector: &Map) -> Vec<Arc<Pod>> {
        within(&self.pods, namespace)
            .filter(|(_, pod)| selects(selector, pod))
            .map(|(_, pod)| pod.clone())
            .collect()
    }
}

fn delete(endpoints: &Endpoints) -> Write {
    let meta = &endpoints.metadata;
    Write::Delete(meta.name.clone(), meta.uid.clone())
}

fn selects(selector: &Map, pod: &Pod) -> bool {
    selector
        .iter()
        .all(|(key, value)| pod.metadata.labels.get(key) == Some(value))
}

/// The objects of a namespace.
fn within<'a, K>(
    objects: &'a BTreeMap<ObjectName, Arc<K>>,
    namespace: &'a str,
) -> impl Iterator<Item = (&'a ObjectName, &'a Arc<K>)> {
    // Names are ordered by namespace first.
    let first = ObjectName::new(namespace, "");
    objects
        .range(first..)
        .take_while(move |(name, _)| *name.namespace == *namespace)
}
