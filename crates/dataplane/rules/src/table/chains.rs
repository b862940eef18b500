//! The chains that the kernel calls, and what they look up.

use std::net::Ipv6Addr;

use ipnet::IpNet;
use kinglet_nft::{
    Chain, ChainType, Ct, CtStatus, Direction, Header, Hook, Key, L3, Meta, NatFlags, Reject, Rule, Value,
    priority,
};

use super::networks::{Networks, of_family};
use super::sets::SetKind;
use crate::settings::DataplaneSettings;

/// Name of the chain that refuses connections.
pub(crate) const REJECT: &str = "reject";
/// Name of the chain that all new connections go through.
const SERVICES: &str = "services";
/// Name of the chain of ports of the node that are served on its loopback addresses.
pub(crate) const LOCALHOST: &str = "localhost";
/// Before other translations, such as those of host ports: the first chain that translates a connection wins.
const BEFORE: i32 = 10;

/// The chains with their rules, in an order in which none leads to a later one.
pub(crate) fn base_chains(settings: &DataplaneSettings) -> Vec<(Chain, Vec<Rule>)> {
    let nat = |name, hook, priority| Chain::base(name, ChainType::Nat, hook, priority - BEFORE);
    let jump = || vec![Rule::new().jump(SERVICES)];
    let mut chains = vec![
        (Chain::regular(REJECT), reject()),
        (Chain::regular(SERVICES), services(settings)),
        (nat("prerouting", Hook::Prerouting, priority::DSTNAT), jump()),
        (nat("output", Hook::Output, priority::DSTNAT), jump()),
        (
            nat("postrouting", Hook::Postrouting, priority::SRCNAT),
            postrouting(settings),
        ),
    ];
    if settings.localhost_node_ports {
        chains.insert(0, (Chain::regular(LOCALHOST), localhost()));
        let (hook, priority) = (Hook::Prerouting, priority::RAW);
        let martians = Chain::base("martians", ChainType::Filter, hook, priority);
        chains.push((martians, martian_rules()));
    }
    chains
}

fn reject() -> Vec<Rule> {
    vec![
        Rule::new().l4proto(Value::TCP).reject(Reject::TcpReset),
        Rule::new().reject(Reject::PORT_UNREACHABLE),
    ]
}

/// Addresses of Services; what is left of cluster addresses; ports of the node.
fn services(settings: &DataplaneSettings) -> Vec<Rule> {
    let mut rules = Vec::new();
    for family in [L3::Ipv4, L3::Ipv6] {
        let destination = Header::daddr(family);
        let vip = (destination, Meta::L4Proto, Header::ThDport);
        rules.push(Rule::new().vmap(vip, SetKind::Vips.of(family).name()));
        // No port of the Service: without an answer the packet would leave by the default route, and the
        // client would wait.
        let known = Rule::new().in_set(destination, SetKind::ClusterIps.of(family).name());
        rules.push(known.goto(REJECT));
    }
    let ports = [L3::Ipv4, L3::Ipv6]
        .into_iter()
        .filter_map(|family| node_ports(family, settings));
    rules.extend(ports);
    if settings.localhost_node_ports {
        let known = (Meta::L4Proto, Header::ThDport);
        let to_loopback = Rule::new().within(Header::daddr(L3::Ipv4), IpNet::from(LOOPBACK));
        let ports = SetKind::Localhost.of(L3::Ipv4).name();
        rules.push(to_loopback.to_local().vmap(known, ports));
    }
    rules
}

/// Ports of the node on its loopback addresses.
fn localhost() -> Vec<Rule> {
    let key = (Meta::L4Proto, Header::ThDport);
    vec![Rule::new().vmap(key, SetKind::NodePorts.of(L3::Ipv4).name())]
}

/// Drops packets of other machines from and to loopback addresses, which never leave a machine (RFC 1122,
/// 3.2.1.3). The kernel does so itself until `route_localnet` lets it route them: then a neighbour could
/// reach what listens on loopback addresses only (CVE-2020-8558). Before connection tracking, so that packets
/// are seen as they are on the wire: answers to connections of this node have its other addresses there.
fn martian_rules() -> Vec<Rule> {
    let from_outside = || Rule::new().is_not(Meta::IifName, Value::interface("lo"));
    let loopback = IpNet::from(LOOPBACK);
    vec![
        from_outside().within(Header::daddr(L3::Ipv4), loopback).drop(),
        from_outside().within(Header::saddr(L3::Ipv4), loopback).drop(),
    ]
}

/// Nothing if no address of the family serves node ports.
fn node_ports(family: L3, settings: &DataplaneSettings) -> Option<Rule> {
    let destination = Header::daddr(family);
    // The kernel drops packets that leave by an interface with a loopback source, unless `route_localnet`
    // is set.
    let rule = match family {
        L3::Ipv4 => Rule::new().not_within(destination, IpNet::from(LOOPBACK)),
        L3::Ipv6 => Rule::new().is_not(destination, Ipv6Addr::LOCALHOST),
    };
    // Only addresses of the node: connections to that port of another machine are forwarded as they are.
    let mut rule = rule.to_local();
    if !settings.node_port_addresses.is_empty() {
        let networks = of_family(&settings.node_port_addresses, family);
        if networks.is_empty() {
            return None;
        }
        rule = rule.in_any(destination, networks);
    }
    let key = (Meta::L4Proto, Header::ThDport);
    Some(rule.vmap(key, SetKind::NodePorts.of(family).name()))
}

/// `127.0.0.0/8`
const LOOPBACK: ipnet::Ipv4Net = ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::new(127, 0, 0, 0), 8);

/// Masquerades clients whose answers would not come back through this node, where they are translated back.
fn postrouting(settings: &DataplaneSettings) -> Vec<Rule> {
    // What was not translated is no connection to a Service.
    let mut rules = vec![Rule::new().ct_status_not(CtStatus::DNAT).returns()];
    if settings.localhost_node_ports {
        // An endpoint would answer its own loopback address.
        let from_loopback = Rule::new().within(Header::saddr(L3::Ipv4), IpNet::from(LOOPBACK));
        rules.push(from_loopback.masquerade(NatFlags::FULLY_RANDOM));
    }
    for family in [L3::Ipv4, L3::Ipv6] {
        rules.extend(masquerades(family, settings));
    }
    rules
}

fn masquerades(family: L3, settings: &DataplaneSettings) -> Vec<Rule> {
    let (source, destination) = (Header::saddr(family), Header::daddr(family));
    let original = Ct::Daddr(Direction::Original, family);
    let port = Ct::ProtoDst(Direction::Original);
    let in_set = |key: Key, kind: SetKind| Rule::new().in_set(key, kind.of(family).name());
    // Without random ports two CPUs choose the same one for the same endpoint, and one of the packets is
    // lost.
    let masquerade = |rule: Rule| rule.masquerade(NatFlags::FULLY_RANDOM);
    let mut rules = vec![
        // A pod that reaches itself would answer itself, past the node.
        masquerade(in_set((source, destination).into(), SetKind::Hairpin)),
        // Answers of pods of this node pass through it anyway, and their logs have the client's address.
        in_set(destination.into(), SetKind::Local).returns(),
    ];
    let pods = of_family(&settings.cluster_cidrs, family);
    if !pods.is_empty() {
        // A pod of another node would answer a client outside of the cluster directly.
        let to_cluster = in_set(original.into(), SetKind::ClusterIps);
        rules.push(masquerade(to_cluster.in_none(source, pods)));
    }
    rules.extend([
        // Pods answer each other through the network of pods: they keep their address.
        in_set(original.into(), SetKind::ClusterIps).returns(),
        // Nor do answers to pods of this node pass it by, whatever address they went to.
        in_set(source.into(), SetKind::OwnPods).returns(),
        masquerade(in_set((original, Ct::Protocol, port).into(), SetKind::External)),
        masquerade(
            Rule::new()
                .is(Meta::NfProto, family)
                .in_set((Meta::L4Proto, port), SetKind::ExternalPorts.of(family).name()),
        ),
    ]);
    rules
}
