//! The nodes of a Service.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Node, Object as _, Service, TrafficPolicy};

use super::parts::{Part, Parts};
use crate::fitness::{Unfit, wanted_address};
use crate::port::{Holder, Port};
use crate::view::View;

/// The nodes of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// Nodes on which all ports of the Service are its own.
    pub(crate) nodes: BTreeSet<Arc<str>>,
    /// Those of them that serve it now: with `externalTrafficPolicy: Local` the ones with ready endpoints.
    /// Their addresses are published.
    pub(crate) serving: BTreeSet<Arc<str>>,
    /// Nodes that could serve it if a port were not taken: the first such port, and who holds it.
    pub(crate) taken: BTreeMap<Arc<str>, (Port, Holder)>,
    /// Nodes that may not serve it.
    pub(crate) unfit: BTreeMap<Arc<str>, Unfit>,
    /// The address that the Service asks for and that a node has; only this one is published.
    pub(crate) address: Option<IpAddr>,
}

impl Assignment {
    /// One without nodes.
    pub(super) fn new(view: &View, service: &Service) -> Self {
        Self {
            address: wanted_address(view, service),
            ..Self::default()
        }
    }

    /// With the parts of all nodes.
    pub(super) fn everywhere(view: &View, service: &Service) -> Self {
        let (mut assignment, name) = (Self::new(view, service), service.object_name());
        for node in view.nodes().values() {
            let part = Parts::new(view, node).of(&name, service, assignment.address);
            assignment.place(view, service, node, part);
        }
        assignment
    }

    /// Takes the part of a node; whether it was another.
    pub(super) fn place(&mut self, view: &View, service: &Service, node: &Node, part: Part) -> bool {
        let name = &node.metadata.name;
        let serves = matches!(part, Part::Own) && is_serving(view, service, name);
        if self.has(name, &part, serves) {
            return false;
        }
        self.nodes.remove(name);
        self.serving.remove(name);
        self.taken.remove(name);
        self.unfit.remove(name);
        let name = name.clone();
        match part {
            Part::Own => {
                if serves {
                    self.serving.insert(name.clone());
                }
                self.nodes.insert(name);
            }
            Part::Taken(port, holder) => {
                self.taken.insert(name, (port, holder));
            }
            Part::Unfit(unfit) => {
                self.unfit.insert(name, unfit);
            }
        }
        true
    }

    fn has(&self, node: &str, part: &Part, serves: bool) -> bool {
        match part {
            Part::Own => self.nodes.contains(node) && self.serving.contains(node) == serves,
            Part::Taken(port, holder) => {
                let taken = self.taken.get(node);
                taken.is_some_and(|taken| taken.0 == *port && taken.1 == *holder)
            }
            Part::Unfit(unfit) => self.unfit.get(node) == Some(unfit),
        }
    }
}

fn is_serving(view: &View, service: &Service, node: &str) -> bool {
    service.external_traffic_policy != TrafficPolicy::Local || view.has_endpoint(&service.object_name(), node)
}
