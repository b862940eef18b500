//! The chains that are always there.

use kinglet_nft::{Chain, ChainType, CtState, Header, Hook, Rule, priority};

use super::deny::{self, DENY};
use super::sets::{FAMILIES, map_name};
use crate::checked::Direction;
use crate::settings::Settings;

/// The chains that are always there, in an order in which none leads to a later one.
pub(super) fn chains(settings: &Settings) -> Vec<(Chain, Vec<Rule>)> {
    let base = |name, hook| Chain::base(name, ChainType::Filter, hook, priority::FILTER);
    let mut forward = before(settings).to_vec();
    forward.extend(look_up(Direction::Egress));
    forward.extend(look_up(Direction::Ingress));
    let mut chains = deny::chains(settings);
    chains.push((base("np_forward", Hook::Forward), forward));
    if settings.egress_to_node {
        let mut input = before(settings).to_vec();
        input.extend(look_up(Direction::Egress));
        chains.push((base("np_input", Hook::Input), input));
    }
    chains
}

/// What is decided before policies matter. Every packet comes here, so that what few need is in the chains that deny.
fn before(settings: &Settings) -> [Rule; 2] {
    let established = CtState::ESTABLISHED | CtState::RELATED;
    [
        Rule::new().ct_mark_bit(settings.revoked).goto(DENY),
        Rule::new().ct_state(established).accept(),
    ]
}

/// The side of a pod that policies are about in a direction.
fn look_up(direction: Direction) -> impl Iterator<Item = Rule> {
    FAMILIES.into_iter().map(move |family| {
        let own = match direction {
            Direction::Egress => Header::saddr(family),
            Direction::Ingress => Header::daddr(family),
        };
        Rule::new().vmap(own, map_name(direction, family))
    })
}
