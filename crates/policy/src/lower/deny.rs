//! The chains that deny. For each direction two of them count and log: one for NetworkPolicies, which leads
//! to the chain with the configured answer, and one for ClusterNetworkPolicies, which drops.

use std::time::Duration;

use ipnet::IpNet;
use kinglet_nft::{
    Chain, Data, DynsetOperation, Header, L3, Limit, Log, Reject, Rule, Set, Statement, Unit, Value,
    statement,
};

use super::names::{
    DENY, FAMILIES, address_type, denied_name, deny_chain, drop_chain, known_name, log_prefix,
};
use crate::checked::Direction;
use crate::packet::NEIGHBOUR_DISCOVERY;
use crate::settings::{Deny, PolicySettings};

/// Most pods for which denials are counted, in each family and direction. A limit is needed: packets add the
/// elements.
const COUNTED_PODS: u32 = 65_536;
/// How long a count is kept after the last denial.
const COUNT_TIMEOUT: Duration = Duration::from_secs(3600);
/// Most denials that are logged per second in each direction, and the burst. A flood of denied packets must
/// not become a flood of netlink messages.
const LOG_RATE: (u64, u32) = (10, 20);
/// Octets of a denied packet that are logged: enough for its headers with options.
const LOGGED_OCTETS: u32 = 128;

/// The chains, in an order in which none leads to a later one.
pub(super) fn chains(settings: &PolicySettings) -> Vec<(Chain, Vec<Rule>)> {
    let mut chains = vec![(Chain::regular(DENY), deny(settings))];
    for direction in Direction::BOTH {
        let counted = |last: Rule| {
            count_and_log(direction, settings)
                .into_iter()
                .chain([last])
                .collect()
        };
        let answer = Rule::new().goto(DENY);
        chains.push((Chain::regular(deny_chain(direction)), counted(answer)));
        // `Deny` of ClusterNetworkPolicies drops: nothing tells the sender that there is a policy.
        chains.push((Chain::regular(drop_chain(direction)), counted(Rule::new().drop())));
    }
    chains
}

/// The sets of both directions whose elements count denied packets.
pub(super) fn sets() -> impl Iterator<Item = Set> {
    Direction::BOTH.into_iter().flat_map(denied)
}

/// For each family, the pods to or from which packets were denied.
pub(crate) fn denied(direction: Direction) -> [Set; 2] {
    FAMILIES.map(|family| {
        let set = Set::new(denied_name(direction, family), [address_type(family)]);
        set.dynamic().timeouts().size(COUNTED_PODS)
    })
}

/// Accepts what policies do not cover; counts and logs the rest.
fn count_and_log(direction: Direction, settings: &PolicySettings) -> Vec<Rule> {
    let count = |family| {
        let pod = match direction {
            Direction::Ingress => Header::daddr(family),
            Direction::Egress => Header::saddr(family),
        };
        // An update, not an addition: it restarts the timeout, so that pods with recent denials stay.
        Rule::new().with(Statement::Dynset(statement::Dynset {
            operation: DynsetOperation::Update,
            set: denied_name(direction, family),
            key: pod.into(),
            data: None::<Data>,
            timeout: Some(COUNT_TIMEOUT),
            statements: vec![Statement::Counter],
        }))
    };
    // Before the counters, since accepted packets are no denials.
    let mut rules = exempt(settings);
    rules.extend(FAMILIES.into_iter().map(count));
    rules.extend(settings.log_group.map(|group| log(direction, group)));
    rules
}

/// What policies do not cover: echo requests, and neighbour discovery, without which IPv6 does not work on a
/// link (RFC 4861).
fn exempt(settings: &PolicySettings) -> Vec<Rule> {
    let mut rules = Vec::new();
    if settings.icmp_echo {
        rules.push(Rule::new().is(Header::IcmpType, Value::IcmpType(8)).accept());
        rules.push(
            Rule::new()
                .is(Header::Icmpv6Type, Value::Icmpv6Type(128))
                .accept(),
        );
    }
    let [first, .., last] = NEIGHBOUR_DISCOVERY.map(Value::Icmpv6Type);
    rules.push(Rule::new().between(Header::Icmpv6Type, first, last).accept());
    rules
}

fn log(direction: Direction, group: u16) -> Rule {
    let (rate, burst) = LOG_RATE;
    let limit = Limit {
        burst,
        ..Limit::packets(rate, Unit::Second)
    };
    let log = Log {
        prefix: Some(log_prefix(direction)),
        group: Some(group),
        snaplen: Some(LOGGED_OCTETS),
        ..Log::default()
    };
    // The limit comes first: a rule ends where a statement does not match.
    Rule::new()
        .with(Statement::Limit(limit))
        .with(Statement::Log(log))
}

fn deny(settings: &PolicySettings) -> Vec<Rule> {
    if settings.deny == Deny::Drop {
        return vec![Rule::new().drop()];
    }
    let mut rules = Vec::new();
    for network in IpNet::aggregate(&settings.cluster_cidrs) {
        let family = L3::of(network.addr());
        for header in [Header::saddr(family), Header::daddr(family)] {
            // Its pod may have started just now: dropped packets are repeated, a reset would end the attempt.
            let unknown = Rule::new().within(header, network);
            rules.push(unknown.not_in_set(header, known_name(family)).drop());
        }
    }
    // TCP refuses connections by a reset: the client fails at once with "connection refused".
    rules.push(Rule::new().l4proto(Value::TCP).reject(Reject::TcpReset));
    rules.push(Rule::new().reject(Reject::PORT_UNREACHABLE));
    rules
}
