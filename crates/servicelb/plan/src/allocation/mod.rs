//! Which nodes serve which Services. Controller and agents each compute this for themselves: the controller
//! an [`Allocation`] of all nodes, an agent the [`Share`] of its own. Both follow changes: what a change does
//! not concern is not looked at.

mod assignment;
mod kernels;
mod parts;
mod share;

use std::collections::BTreeSet;

use kinglet_model::{Node, ObjectName, Service};

pub(crate) use self::assignment::{Assignment, Kernel};
use self::kernels::{Assignments, Kernels};
use self::parts::Parts;
pub use self::share::Share;
use crate::ownership::is_served;
use crate::port::Port;
use crate::view::{Affected, Scope, View, is_of_interest};

/// Who serves what.
///
/// It follows from the objects but for one thing: that a node's kernel has a Service's rules is remembered
/// while the report of its agent and the share differ. Who begins anew takes it from the Service's status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Allocation {
    /// All Services that are ours.
    pub(crate) services: Assignments,
    kernels: Kernels,
}

impl Allocation {
    /// Distributes the ports of all nodes.
    pub fn of(view: &View) -> Self {
        Self::following(view, &Self::default())
    }

    /// Distributes the ports of all nodes, with what was known before of their kernels.
    fn following(view: &View, before: &Self) -> Self {
        let (mut services, mut kernels) = (Assignments::new(), Kernels::default());
        let ours = view
            .services()
            .iter()
            .filter(|(_, service)| is_served(view, service));
        for (name, service) in ours {
            let assignment = Assignment::new(view, service);
            kernels.enter(name, assignment.entry);
            services.insert(name.clone(), assignment);
        }
        for node in view.nodes().values() {
            let mut parts = Parts::new(view, node);
            for (name, assignment) in &mut services {
                let part = parts.of(name, &assignment.service, assignment.address);
                if assignment.place(view, name, node, part).is_own {
                    kernels.count(&node.metadata.name, assignment.entry);
                }
            }
            kernels.begin(view, &node.metadata.name, &mut services, &before.services);
        }
        Self { services, kernels }
    }

    /// Follows changes of the objects. Answers the Services whose next write may be another than before.
    pub fn update(&mut self, view: &View, affected: &Affected) -> BTreeSet<ObjectName> {
        if affected.all {
            let next = Self::following(view, self);
            let before = std::mem::replace(self, next);
            let services = view.services().iter();
            let present = services.filter(|(_, service)| is_of_interest(service) || has_claims(service));
            let names = present.map(|(name, _)| name.clone());
            return names.chain(before.services.into_keys()).collect();
        }
        let mut due = affected.services.clone();
        for name in &affected.services {
            self.place_everywhere(view, name);
        }
        for (node, scope) in &affected.nodes {
            let Some(node) = view.nodes().get(node) else {
                continue;
            };
            match scope {
                Scope::All => due.extend(self.place_all(view, node)),
                Scope::These(names) => {
                    self.place(view, node, names);
                    due.extend(names.iter().cloned());
                }
            }
        }
        self.take_reports(view, affected, &mut due);
        due
    }

    /// Compares shares with what agents report of their kernels.
    fn take_reports(&mut self, view: &View, affected: &Affected, due: &mut BTreeSet<ObjectName>) {
        due.extend(self.kernels.settle(view, &mut self.services));
        for node in affected
            .kernels
            .iter()
            .filter(|node| view.nodes().contains_key(*node))
        {
            due.extend(self.kernels.report(view, node, &mut self.services));
        }
    }

    /// Computes the parts of all nodes in serving a Service.
    fn place_everywhere(&mut self, view: &View, name: &ObjectName) {
        let before = self.services.remove(name);
        if let Some(before) = &before {
            self.kernels.leave(name, before);
        }
        let services = view.services().get(name);
        let Some(service) = services.filter(|service| is_served(view, service)) else {
            return;
        };
        let assignment = Assignment::everywhere(view, service, before.as_ref());
        self.kernels.enter(name, assignment.entry);
        for node in assignment.nodes() {
            self.kernels.add(node, name, assignment.entry);
        }
        self.services.insert(name.clone(), assignment);
    }

    /// Computes the part of a node in serving these Services.
    fn place(&mut self, view: &View, node: &Node, names: &BTreeSet<ObjectName>) {
        let mut parts = Parts::new(view, node);
        for name in names {
            if let Some(assignment) = self.services.get_mut(name) {
                place(view, node, &mut parts, name, assignment, &mut self.kernels);
            }
        }
    }

    /// Computes the part of a node in serving all Services. Answers those whose part was another, and those
    /// that claim ports of them.
    fn place_all(&mut self, view: &View, node: &Node) -> BTreeSet<ObjectName> {
        let mut parts = Parts::new(view, node);
        let mut changed = Vec::new();
        // Not the view's: most Services of a cluster have no load balancer.
        for (name, assignment) in &mut self.services {
            if !place(view, node, &mut parts, name, assignment, &mut self.kernels) {
                continue;
            }
            changed.push(name.clone());
            // Whether those who lost a port to it are to be told. As a rule nobody has.
            let shared = Port::of(&assignment.service).filter(|port| !view.is_alone(*port));
            let claimants = shared.flat_map(|port| view.claiming(port));
            changed.extend(claimants.map(|(rank, _)| rank.name.clone()));
        }
        // In one go: they are nearly in order.
        changed.into_iter().collect()
    }
}

/// Computes the part of a node in serving a Service; whether it was another.
fn place<'a>(
    view: &'a View,
    node: &Node,
    parts: &mut Parts<'a>,
    name: &ObjectName,
    assignment: &mut Assignment,
    kernels: &mut Kernels,
) -> bool {
    let part = parts.of(name, &assignment.service, assignment.address);
    let placed = assignment.place(view, name, node, part);
    match (placed.was_own, placed.is_own) {
        (false, true) => kernels.add(&node.metadata.name, name, assignment.entry),
        (true, false) => kernels.remove(&node.metadata.name, assignment.entry),
        _ => {}
    }
    placed.changed
}

/// Whether it may be told that others have its ports.
fn has_claims(service: &Service) -> bool {
    !service.external_ips.is_empty() || Port::of_nodes(service).next().is_some()
}

#[cfg(test)]
mod tests;
