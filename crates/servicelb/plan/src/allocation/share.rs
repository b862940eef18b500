//! What the agent of one node serves there.

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_model::{ObjectName, Protocol, Service};

use super::parts::{Part, Parts};
use crate::fitness::wanted_address;
use crate::ownership::is_served;
use crate::port::{NodeShare, Port};
use crate::settings::Mode;
use crate::view::{Affected, Scope, View};

/// The Services that the agent of a node has to serve there, with their ports. It depends on all Services and
/// Nodes, but only on the Pods of that node, and on no EndpointSlices: agents need to watch no more. In mode
/// [`Mode::DaemonSet`] these are the Services whose Pod is not ready yet on a node that served them natively
/// before.
#[derive(Clone, Debug)]
pub struct Share {
    node: Arc<str>,
    share: Arc<NodeShare>,
}

impl Share {
    /// That of a node before anything is known.
    pub fn new(node: Arc<str>) -> Self {
        Self {
            node,
            share: Arc::default(),
        }
    }

    #[cfg(test)]
    pub(super) fn anew(&self) -> Self {
        Self::new(self.node.clone())
    }

    /// The present one. The same `Arc` as long as it is the same.
    pub fn get(&self) -> &Arc<NodeShare> {
        &self.share
    }

    /// Follows changes of the objects.
    pub fn update(&mut self, view: &View, affected: &Affected) {
        let scope = affected.nodes.get(&self.node);
        if affected.all || scope == Some(&Scope::All) {
            let services = view.services().iter();
            let share = self.serve(view, services).collect();
            if *self.share != share {
                self.share = Arc::new(share);
            }
            return;
        }
        // Both: a Service may have changed on all nodes, and another on this one.
        let mut names = affected.services.clone();
        if let Some(Scope::These(more)) = scope {
            names.extend(more.iter().cloned());
        }
        let services = names
            .iter()
            .filter_map(|name| view.services().get_key_value(name));
        let mut served: NodeShare = self.serve(view, services).collect();
        names.retain(|name| self.share.get(name) != served.get(name));
        // Readers compare by identity: a copy that says the same would make the data plane look at all of it.
        if names.is_empty() {
            return;
        }
        let share = Arc::make_mut(&mut self.share);
        for name in names {
            match served.remove(&name) {
                Some(ports) => share.insert(name, ports),
                None => share.remove(&name),
            };
        }
    }

    /// Those of some Services that the node serves.
    fn serve<'a>(
        &self,
        view: &'a View,
        services: impl Iterator<Item = (&'a ObjectName, &'a Arc<Service>)>,
    ) -> impl Iterator<Item = (ObjectName, BTreeSet<(Protocol, u16)>)> {
        let node = view.nodes().get(&self.node);
        // Servers count a node without a report as one without an agent, and give its ports to nobody.
        let node = node.filter(|_| view.report(&self.node).is_some());
        let mut parts = node.map(|node| Parts::new(view, node));
        services.filter_map(move |(name, service)| {
            let parts = parts.as_mut()?;
            if !is_served(view, service) {
                return None;
            }
            let part = parts.of(name, service, wanted_address(view, service));
            // Until a Pod is ready, the rules of the native mode serve: the mode changes without a gap.
            let node = node?;
            let serves = matches!(part, Part::Own)
                && (view.mode == Mode::Native || !view.has_ready_pod(name, &node.metadata.name));
            let ports = Port::of(service).map(|port| (port.protocol, port.number));
            serves.then(|| (name.clone(), ports.collect()))
        })
    }
}
