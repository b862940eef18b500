//! Which nodes serve which Services. Controller and agents each compute this for themselves: the controller an
//! [`Allocation`] of all nodes, an agent the [`Share`] of its own. Both follow changes: what a change does not
//! concern is not looked at.

mod assignment;
mod parts;
mod share;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::{Node, ObjectName, Service};

pub(crate) use self::assignment::Assignment;
use self::parts::Parts;
pub use self::share::{NodeShare, Share};
use crate::ownership::is_served;
use crate::port::Port;
use crate::view::{Affected, Scope, View, is_of_interest};

/// Who serves what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// All Services that are ours.
    pub(crate) services: BTreeMap<ObjectName, Assignment>,
}

impl Allocation {
    /// Distributes the ports of all nodes.
    pub fn of(view: &View) -> Self {
        let mut allocation = Self::default();
        let ours = view
            .services()
            .iter()
            .filter(|(_, service)| is_served(view, service));
        for (name, service) in ours {
            allocation
                .services
                .insert(name.clone(), Assignment::new(view, service));
        }
        for node in view.nodes().values() {
            allocation.place(view, node, view.services());
        }
        allocation
    }

    /// Follows changes of the objects. Answers the Services whose next write may be another than before.
    pub fn update(&mut self, view: &View, affected: &Affected) -> BTreeSet<ObjectName> {
        if affected.all {
            let before = std::mem::replace(self, Self::of(view));
            let services = view.services().iter();
            let present = services.filter(|(_, service)| is_of_interest(service) || has_claims(service));
            let names = present.map(|(name, _)| name.clone());
            return names.chain(before.services.into_keys()).collect();
        }
        let mut due = affected.services.clone();
        for name in &affected.services {
            let service = view
                .services()
                .get(name)
                .filter(|service| is_served(view, service));
            match service {
                Some(service) => {
                    let assignment = Assignment::everywhere(view, service);
                    self.services.insert(name.clone(), assignment);
                }
                None => {
                    self.services.remove(name);
                }
            }
        }
        for (node, scope) in &affected.nodes {
            let Some(node) = view.nodes().get(node) else {
                continue;
            };
            match scope {
                Scope::All => due.extend(self.place(view, node, view.services())),
                Scope::These(names) => {
                    let services = names
                        .iter()
                        .filter_map(|name| view.services().get_key_value(name));
                    self.place(view, node, services);
                    due.extend(names.iter().cloned());
                }
            }
        }
        due
    }

    /// Computes the part of a node in serving these Services. Answers those whose part was another, and those
    /// that claim ports of them.
    fn place<'a>(
        &mut self,
        view: &'a View,
        node: &'a Node,
        services: impl IntoIterator<Item = (&'a ObjectName, &'a Arc<Service>)>,
    ) -> Vec<ObjectName> {
        let mut parts = Parts::new(view, node);
        let mut changed = Vec::new();
        for (name, service) in services {
            let Some(assignment) = self.services.get_mut(name) else {
                continue;
            };
            let part = parts.of(name, service, assignment.address);
            if assignment.place(view, service, node, part) {
                changed.push(name.clone());
                // Whether those who lost a port to it are to be told.
                let claimants = Port::of(service).flat_map(|port| view.claiming(port));
                changed.extend(claimants.map(|(rank, _)| rank.name.clone()));
            }
        }
        changed
    }
}

/// Whether it may be told that others have its ports.
fn has_claims(service: &Service) -> bool {
    !service.external_ips.is_empty() || Port::of_nodes(service).next().is_some()
}

#[cfg(test)]
mod tests;
