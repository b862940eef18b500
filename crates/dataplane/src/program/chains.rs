//! The chains of a Service's port.

use std::collections::BTreeSet;

use kinglet_nft::{AddressType, Element, Fib, Header, Rule};

use super::balance::Pool;
use super::{Body, Objects};
use crate::backend::{Backend, layer3};
use crate::frame::of_family;
use crate::identity::Role;
use crate::plan::{Action, Frontend, PortPlan};
use crate::settings::Settings;

impl Objects {
    /// Adds the chains that the port's connections can reach.
    pub(super) fn port_chains(&mut self, port: &PortPlan, settings: &Settings) {
        for role in port.roles() {
            let rules = match role {
                Role::Cluster | Role::Local => port.spread(role),
                Role::External => port.external_rules(settings),
                Role::Sources => port.source_rules(),
            };
            let comment = port.id.comment();
            self.chains.insert(port.id.chain(role), Body { comment, rules });
        }
    }
}

impl PortPlan {
    /// The chains that the port has.
    pub(super) fn roles(&self) -> BTreeSet<Role> {
        let mut roles = BTreeSet::new();
        let mut add = |action| match action {
            Action::Reject | Action::Drop => {}
            Action::Cluster => roles.extend([Role::Cluster]),
            Action::Local => roles.extend([Role::Local]),
            Action::LocalFromOutside if self.endpoints.local.is_empty() => {
                roles.extend([Role::Cluster, Role::External]);
            }
            Action::LocalFromOutside => roles.extend([Role::Cluster, Role::External, Role::Local]),
        };
        if self.frontends.iter().any(Frontend::is_internal) {
            add(self.internal);
        }
        if self.frontends.iter().any(|frontend| !frontend.is_internal()) {
            add(self.external);
        }
        if self.sources.is_some() && self.frontends.iter().any(Frontend::is_load_balancer) {
            roles.insert(Role::Sources);
        }
        roles
    }

    /// The endpoints that a chain spreads over.
    pub(super) fn pool(&self, role: Role) -> &BTreeSet<Backend> {
        match role {
            Role::Local => &self.endpoints.local,
            _ => &self.endpoints.cluster,
        }
    }

    fn spread(&self, role: Role) -> Vec<Rule> {
        let pool = Pool {
            key: self.id.key(role),
            family: layer3(self.id.family),
            backends: self.pool(role),
        };
        pool.rules(self.affinity)
    }

    /// Pods and processes of the node may go anywhere; others stay on the node.
    fn external_rules(&self, settings: &Settings) -> Vec<Rule> {
        let family = layer3(self.id.family);
        let cluster = self.id.chain(Role::Cluster);
        let mut rules = Vec::new();
        let pods = of_family(&settings.cluster_cidrs, family);
        if !pods.is_empty() {
            let from_pods = Rule::new().one_of(Header::saddr(family), pods.into_iter().map(Element::prefix));
            rules.push(from_pods.goto(&cluster));
        }
        let from_here = Rule::new().is(Fib::SADDR_TYPE, AddressType::LOCAL);
        rules.push(from_here.goto(cluster));
        rules.push(if self.endpoints.local.is_empty() {
            Rule::new().drop()
        } else {
            Rule::new().goto(self.id.chain(Role::Local))
        });
        rules
    }

    /// Lets the allowed networks in, and a node whose own address the load balancer's is.
    fn source_rules(&self) -> Vec<Rule> {
        let source = Header::saddr(layer3(self.id.family));
        let go_on = |rule: Rule| rule.with(self.verdict(self.external));
        let mut rules = Vec::new();
        let ranges = self.sources.as_deref().unwrap_or_default();
        if !ranges.is_empty() {
            let allowed = ranges.iter().copied().map(Element::prefix);
            rules.push(go_on(Rule::new().one_of(source, allowed)));
        }
        for frontend in &self.frontends {
            if let Frontend::LoadBalancer(address, _) = frontend {
                rules.push(go_on(Rule::new().saddr(*address).daddr(*address)));
            }
        }
        rules.push(Rule::new().drop());
        rules
    }
}

impl Frontend {
    pub(super) fn is_internal(&self) -> bool {
        matches!(self, Self::Cluster(..))
    }

    pub(super) fn is_load_balancer(&self) -> bool {
        matches!(self, Self::LoadBalancer(..) | Self::NodeBalancer(_))
    }
}
