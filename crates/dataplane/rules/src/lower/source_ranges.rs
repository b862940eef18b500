//! Chains for `loadBalancerSourceRanges`: only some networks may use a load balancer's addresses.

use kinglet_nft::{Header, Rule};

use super::lookup::Lookup;
use super::objects::{Body, Objects};
use crate::backend::layer3;
use crate::identity::Role;
use crate::plan::{Action, Frontend, PortPlan};
use crate::table::Networks;

impl Objects {
    /// The chain that lets the allowed networks in, and a node whose own address the load balancer's is.
    pub(super) fn source_ranges(&mut self, port: &PortPlan, lookup: Lookup, action: Action) -> String {
        let verdict = self.verdict(port, lookup, action);
        let source = Header::saddr(layer3(port.id.family));
        let mut rules = Vec::new();
        let ranges = port.sources.clone().unwrap_or_default();
        if !ranges.is_empty() {
            rules.push(Rule::new().in_any(source, ranges).with(verdict.clone()));
        }
        for frontend in &port.frontends {
            if let Frontend::LoadBalancer(address, _) = frontend {
                // A process of a node that has the address connects from that address itself.
                rules.push(Rule::new().saddr(*address).daddr(*address).with(verdict.clone()));
            }
        }
        rules.push(Rule::new().drop());
        let role = match lookup {
            Lookup::Vip => Role::SourceRanges,
            Lookup::NodePort => Role::NodeSourceRanges,
        };
        let name = port.id.chain(role);
        let comment = Some(port.id.comment());
        self.chains.insert(name.clone(), Body { comment, rules });
        name
    }
}
