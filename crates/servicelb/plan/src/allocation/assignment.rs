//! The nodes of a Service.

use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Node, Object as _, ObjectName, Service, TrafficPolicy};

use super::parts::{Part, Parts};
use crate::fitness::{Unfit, wanted_address};
use crate::kernel::Entry;
use crate::port::{Holder, Port};
use crate::view::View;

/// The nodes of a Service.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Assignment {
    /// The address that the Service asks for and that a node has; only this one is published.
    pub(crate) address: Option<IpAddr>,
    pub(super) service: Arc<Service>,
    /// What of it is in the share of each node that serves it.
    pub(super) entry: Entry,
    /// What the nodes are to it, in the order of their names. One list and not one for each answer: with
    /// thousands of Services and a hundred nodes this is what takes memory and time.
    places: Vec<(Arc<str>, Place)>,
}

/// What a node is to a Service.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    /// All ports of the Service are its own.
    Own(Own),
    /// It could serve the Service if a port were not taken: the first such port, and who holds it.
    Taken(Box<(Port, Holder)>),
    /// It may not serve it.
    Unfit(Unfit),
}

/// A node that is to serve a Service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Own {
    kernel: Kernel,
    /// Whether a Pod of its DaemonSet is ready there.
    has_pod: bool,
    /// Whether its address is to be published: with `externalTrafficPolicy: Local` only beside endpoints.
    is_candidate: bool,
}

/// What is known of the Service's rules in the kernel of a node.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kernel {
    /// Nothing yet.
    #[default]
    Pending,
    /// The agent says that the kernel does not take them.
    Refused,
    /// Nothing, but the status has the node's address already: it was known to whoever wrote that.
    Published,
    /// They are there. Also when the report is older than the last change of the Service: the agent may have
    /// died, and its rules stand.
    Confirmed,
}

impl Own {
    fn is_serving(self) -> bool {
        self.is_candidate && (self.has_pod || self.kernel >= Kernel::Published)
    }
}

/// How placing a Service on a node changed its place.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    pub(super) was_own: bool,
    pub(super) is_own: bool,
    pub(super) changed: bool,
}

impl Assignment {
    /// One without nodes.
    pub(super) fn new(view: &View, service: &Arc<Service>) -> Self {
        let ports = Port::of(service).map(|port| (port.protocol, port.number));
        Self {
            address: wanted_address(view, service),
            entry: Entry::new(&service.object_name(), ports),
            service: service.clone(),
            places: Vec::with_capacity(view.nodes().len()),
        }
    }

    /// With the parts of all nodes. What kernels are known to have is taken from one before.
    pub(super) fn everywhere(view: &View, service: &Arc<Service>, before: Option<&Self>) -> Self {
        let (mut assignment, name) = (Self::new(view, service), service.object_name());
        for node in view.nodes().values() {
            let part = Parts::new(view, node).of(&name, service, assignment.address);
            assignment.place(view, &name, node, part);
            let known = before.and_then(|before| before.known(&assignment, &node.metadata.name));
            assignment.confirm(&node.metadata.name, known.unwrap_or_default());
        }
        assignment
    }

    /// Takes the part of a node.
    pub(super) fn place(&mut self, view: &View, service: &ObjectName, node: &Node, part: Part) -> Placed {
        let name = &node.metadata.name;
        let found = self.find(name);
        let before = found.ok().and_then(|at| self.places.get(at));
        let own = before.and_then(|(_, place)| place.own());
        let place = match part {
            Part::Own => Place::Own(Own {
                // Until reports have been looked at.
                kernel: own.map(|own| own.kernel).unwrap_or_default(),
                has_pod: view.has_ready_pod(service, name),
                is_candidate: self.service.external_traffic_policy != TrafficPolicy::Local
                    || view.has_endpoint(service, name),
            }),
            Part::Taken(port, holder) => Place::Taken(Box::new((port, holder))),
            Part::Unfit(unfit) => Place::Unfit(unfit),
        };
        let placed = Placed {
            was_own: own.is_some(),
            is_own: place.own().is_some(),
            changed: before.is_none_or(|(_, before)| *before != place),
        };
        match found {
            Ok(at) => self.set(at, place),
            Err(at) => self.places.insert(at, (name.clone(), place)),
        }
        placed
    }

    fn set(&mut self, at: usize, place: Place) {
        if let Some((_, before)) = self.places.get_mut(at) {
            *before = place;
        }
    }

    /// Takes what is known of the kernel of a node that is to serve it; whether that was another.
    pub(super) fn confirm(&mut self, node: &str, kernel: Kernel) -> bool {
        let place = self.find(node).ok().and_then(|at| self.places.get_mut(at));
        match place {
            Some((_, Place::Own(own))) => std::mem::replace(&mut own.kernel, kernel) != kernel,
            _ => false,
        }
    }

    /// What is known of the kernel of a node; nothing if it is not to serve it.
    pub(crate) fn kernel(&self, node: &str) -> Option<Kernel> {
        let (_, place) = self.places.get(self.find(node).ok()?)?;
        place.own().map(|own| own.kernel)
    }

    /// What was known of the kernel of a node when this is of the same Service, and not of one that was made
    /// again under its name.
    pub(super) fn known(&self, now: &Self, node: &str) -> Option<Kernel> {
        let is_same = self.service.metadata.uid == now.service.metadata.uid;
        self.kernel(node).filter(|_| is_same)
    }

    /// Nodes on which all ports of the Service are its own.
    pub(crate) fn nodes(&self) -> impl Iterator<Item = &Arc<str>> {
        self.own().map(|(name, _)| name)
    }

    /// Those of them that serve it now. Their addresses are published.
    pub(crate) fn serving(&self) -> impl Iterator<Item = &Arc<str>> + Clone {
        self.own_if(Own::is_serving)
    }

    /// Those of which nothing is known yet.
    pub(crate) fn pending(&self) -> impl Iterator<Item = &Arc<str>> + Clone {
        self.own_if(|own| own.is_candidate && !own.is_serving() && own.kernel == Kernel::Pending)
    }

    /// Those whose kernel does not take its rules.
    pub(crate) fn refused(&self) -> impl Iterator<Item = &Arc<str>> + Clone {
        self.own_if(|own| own.is_candidate && !own.is_serving() && own.kernel == Kernel::Refused)
    }

    /// Nodes that could serve it if a port were not taken.
    pub(crate) fn taken(&self) -> impl Iterator<Item = (&Arc<str>, &(Port, Holder))> + Clone {
        self.places.iter().filter_map(|(name, place)| match place {
            Place::Taken(taken) => Some((name, &**taken)),
            _ => None,
        })
    }

    /// Nodes that may not serve it.
    pub(crate) fn unfit(&self) -> impl Iterator<Item = (&Arc<str>, &Unfit)> {
        self.places.iter().filter_map(|(name, place)| match place {
            Place::Unfit(unfit) => Some((name, unfit)),
            _ => None,
        })
    }

    fn own(&self) -> impl Iterator<Item = (&Arc<str>, Own)> + Clone {
        self.places
            .iter()
            .filter_map(|(name, place)| Some((name, place.own()?)))
    }

    fn own_if(&self, is: impl Fn(Own) -> bool + Clone) -> impl Iterator<Item = &Arc<str>> + Clone {
        self.own().filter(move |(_, own)| is(*own)).map(|(name, _)| name)
    }

    fn find(&self, node: &str) -> Result<usize, usize> {
        self.places.binary_search_by(|(name, _)| (**name).cmp(node))
    }
}

impl Place {
    fn own(&self) -> Option<Own> {
        match self {
            Self::Own(own) => Some(*own),
            _ => None,
        }
    }
}
