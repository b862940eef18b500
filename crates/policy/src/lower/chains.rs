//! The chains that the table always has.

use kinglet_nft::{Chain, ChainType, CtState, Header, Hook, Rule, priority};

use super::deny;
use super::names::{DENY, FAMILIES, look_up_chain, map_name};
use crate::checked::Direction;
use crate::settings::PolicySettings;

/// The chains that the table always has, in an order in which none leads to a later one: the kernel refuses a
/// rule that names a chain which does not exist yet.
pub(super) fn chains(settings: &PolicySettings) -> Vec<(Chain, Vec<Rule>)> {
    let base = |name, hook, priority| Chain::base(name, ChainType::Filter, hook, priority);
    let to = |direction| Rule::new().jump(look_up_chain(direction));
    let egress = || {
        before(settings)
            .into_iter()
            .chain([to(Direction::Egress)])
            .collect()
    };
    let mut chains = deny::chains(settings);
    chains.extend(
        Direction::BOTH.map(|direction| (Chain::regular(look_up_chain(direction)), look_up(direction))),
    );
    chains.push((base("np_forward", Hook::Forward, priority::FILTER), egress()));
    // Each direction has a base chain of its own: what a profile accepts has passed this direction only, from
    // however deep in its parts. Of an established connection the first one has decided.
    let ingress = vec![established(), to(Direction::Ingress)];
    chains.push((
        base("np_forward_in", Hook::Forward, priority::FILTER + 1),
        ingress,
    ));
    // The forward hook does not see packets to the node itself.
    if settings.egress_to_node {
        chains.push((base("np_input", Hook::Input, priority::FILTER), egress()));
    }
    chains
}

/// What is decided before policies apply. Every forwarded packet passes these rules, so that exemptions which
/// few packets need are in the chains that deny.
fn before(settings: &PolicySettings) -> [Rule; 2] {
    [
        // Before the rule that accepts established connections, which would keep a revoked one alive.
        Rule::new().ct_mark_bit(settings.revoked).goto(DENY),
        established(),
    ]
}

fn established() -> Rule {
    let established = CtState::ESTABLISHED | CtState::RELATED;
    Rule::new().ct_state(established).accept()
}

/// Leads to the profile of the pod.
///
/// Each lookup is there twice. A commit deletes an element and adds its successor, and the kernel looks up
/// their present state: a packet may find neither of them, and the pod would be open to it. The second lookup
/// finds the new element. After a hit the second lookup is not reached: `goto` leaves this chain.
fn look_up(direction: Direction) -> Vec<Rule> {
    let families = FAMILIES.into_iter().chain(FAMILIES);
    let rules = families.map(|family| {
        let own = match direction {
            Direction::Egress => Header::saddr(family),
            Direction::Ingress => Header::daddr(family),
        };
        Rule::new().vmap(own, map_name(direction, family))
    });
    rules.collect()
}
