//! Chains for `externalTrafficPolicy: Local`: they tell clients of the node from others.

use kinglet_nft::{AddressType, Fib, Header, L3, Rule};

use super::lookup::Lookup;
use super::objects::{Body, Objects};
use crate::backend::layer3;
use crate::identity::Role;
use crate::plan::PortPlan;
use crate::table::SetKind;

impl Objects {
    /// The chain in which pods and processes of the node may go anywhere, and others stay on the node.
    pub(super) fn external_local(&mut self, port: &PortPlan, lookup: Lookup) -> String {
        let family = layer3(port.id.family);
        let cluster = self.pool(port, lookup, Role::Cluster);
        let local = match port.pool_size(Role::Local) {
            0 => None,
            _ => Some(self.pool(port, lookup, Role::Local)),
        };
        let rules = rules(family, &cluster, local.as_deref());
        let (name, comment) = if port.affinity.is_some() {
            (port.id.chain(Role::ExternalLocal), Some(port.id.comment()))
        } else {
            // What it leads to is shared by all ports with pools of these sizes, and so is the chain.
            let sizes = (port.pool_size(Role::Cluster), port.pool_size(Role::Local));
            let word = Role::ExternalLocal.word();
            (
                format!("{}-{word}-{}-{}", lookup.prefix(family), sizes.0, sizes.1),
                None,
            )
        };
        self.chains.insert(name.clone(), Body { comment, rules });
        name
    }
}

fn rules(family: L3, cluster: &str, local: Option<&str>) -> Vec<Rule> {
    // The policy is about external clients; a pod that uses an external address is none. Pods of other nodes
    // are translated there, unless they mean this node by its own address or port.
    let own_pods = SetKind::OwnPods.of(family).name();
    let mut rules = vec![Rule::new().in_set(Header::saddr(family), own_pods).goto(cluster)];
    let from_node = Rule::new().is(Fib::SADDR_TYPE, AddressType::LOCAL);
    rules.push(from_node.goto(cluster));
    rules.push(match local {
        Some(local) => Rule::new().goto(local),
        // Dropped, not rejected: load balancers that probe the port take the node out, and clients of several
        // nodes try the next one.
        None => Rule::new().drop(),
    });
    rules
}
