//! Chains that let only some sources use a load balancer's addresses.

use kinglet_nft::{Header, Rule};

use super::{Body, Objects, Reach};
use crate::backend::layer3;
use crate::frame::Networks;
use crate::identity::Role;
use crate::plan::{Action, Frontend, PortPlan};
use crate::settings::Settings;

impl Objects {
    /// The chain that lets the allowed networks in, and a node whose own address the load balancer's is.
    pub(super) fn sources(
        &mut self,
        port: &PortPlan,
        reach: Reach,
        action: Action,
        settings: &Settings,
    ) -> String {
        let verdict = self.lead(port, reach, action, settings);
        let source = Header::saddr(layer3(port.id.family));
        let mut rules = Vec::new();
        let ranges = port.sources.clone().unwrap_or_default();
        if !ranges.is_empty() {
            rules.push(Rule::new().in_any(source, ranges).with(verdict.clone()));
        }
        for frontend in &port.frontends {
            if let Frontend::LoadBalancer(address, _) = frontend {
                rules.push(Rule::new().saddr(*address).daddr(*address).with(verdict.clone()));
            }
        }
        rules.push(Rule::new().drop());
        let role = match reach {
            Reach::Vip => Role::Sources,
            Reach::NodePort => Role::NodeSources,
        };
        let name = port.id.chain(role);
        let comment = Some(port.id.comment());
        self.chains.insert(name.clone(), Body { comment, rules });
        name
    }
}
