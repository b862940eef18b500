//! Chains that tell clients inside from those outside (`externalTrafficPolicy: Local`).

use kinglet_nft::{AddressType, Fib, Header, L3, Rule};

use super::{Body, Objects, Reach};
use crate::backend::layer3;
use crate::frame::{Networks, of_family};
use crate::identity::Role;
use crate::plan::PortPlan;
use crate::settings::Settings;

impl Objects {
    /// The chain in which pods and processes of the node may go anywhere, and others stay on the node.
    pub(super) fn outside(&mut self, port: &PortPlan, reach: Reach, settings: &Settings) -> String {
        let family = layer3(port.id.family);
        let cluster = self.pool(port, reach, Role::Cluster);
        let local = match port.pool_size(Role::Local) {
            0 => None,
            _ => Some(self.pool(port, reach, Role::Local)),
        };
        let rules = rules(family, &cluster, local.as_deref(), settings);
        let (name, comment) = if port.affinity.is_some() {
            (port.id.chain(Role::Outside), Some(port.id.comment()))
        } else {
            let sizes = (port.pool_size(Role::Cluster), port.pool_size(Role::Local));
            let word = Role::Outside.word();
            (
                format!("{}-{word}-{}-{}", reach.prefix(family), sizes.0, sizes.1),
                None,
            )
        };
        self.chains.insert(name.clone(), Body { comment, rules });
        name
    }
}

fn rules(family: L3, cluster: &str, local: Option<&str>, settings: &Settings) -> Vec<Rule> {
    let mut rules = Vec::new();
    let pods = of_family(&settings.cluster_cidrs, family);
    if !pods.is_empty() {
        rules.push(Rule::new().in_any(Header::saddr(family), pods).goto(cluster));
    }
    let here = Rule::new().is(Fib::SADDR_TYPE, AddressType::LOCAL);
    rules.push(here.goto(cluster));
    rules.push(match local {
        Some(local) => Rule::new().goto(local),
        None => Rule::new().drop(),
    });
    rules
}
