//! The nftables rules of a forwarding.

use std::net::IpAddr;

use ipnet::IpNet;
use kinglet_model::Protocol;
use kinglet_nft::{
    Chain, ChainType, Ct, CtState, CtStatus, DataType, Direction, Element, Family, Header, Hook, L3, Meta,
    NatFlags, Rule, Ruleset, Set, Table, Value, priority,
};

use super::environment::Forwarding;

/// The table of a forwarding.
///
/// Only new connections to addresses of the Pod are looked at. Those whose source is in none of the ranges,
/// and all of a family without ranges, are dropped; the others are translated to the destination of their
/// family, and get the Pod's address as source, so that replies come back.
pub fn ruleset(forwarding: &Forwarding) -> Ruleset {
    let name = format!(
        "kinglet-lb-{}-{}",
        forwarding.protocol.as_lower(),
        forwarding.port
    );
    let mut ruleset = Ruleset::new(Table::new(Family::Inet, name));
    let mut sources = Vec::new();
    for family in [L3::Ipv4, L3::Ipv6] {
        let ranges = ranges(forwarding, family);
        // With 0.0.0.0/0 or ::/0 nothing is refused, and no set is needed.
        if ranges.iter().all(|range| range.prefix_len() != 0) {
            ruleset.set(set(family), ranges.into_iter().map(Element::prefix));
            sources.push(refusal(forwarding, family));
        }
    }
    // Sources are looked at before the translation: afterwards the port is that of the destination.
    let prerouting = |name, kind, priority| Chain::base(name, kind, Hook::Prerouting, priority);
    ruleset.chain(
        prerouting("sources", ChainType::Filter, priority::DSTNAT - 1),
        sources,
    );
    ruleset.chain(
        prerouting("forward", ChainType::Nat, priority::DSTNAT),
        translations(forwarding),
    );
    let postrouting = Chain::base("masquerade", ChainType::Nat, Hook::Postrouting, priority::SRCNAT);
    ruleset.chain(postrouting, [masquerade(forwarding)]);
    ruleset
}

/// The ranges of a family, none within another.
fn ranges(forwarding: &Forwarding, family: L3) -> Vec<IpNet> {
    let ranges = forwarding.sources.iter().copied();
    let ranges: Vec<IpNet> = ranges.filter(|range| family_of(range.addr()) == family).collect();
    // The kernel refuses elements of an interval set that overlap.
    IpNet::aggregate(&ranges)
}

fn family_of(address: IpAddr) -> L3 {
    match address {
        IpAddr::V4(_) => L3::Ipv4,
        IpAddr::V6(_) => L3::Ipv6,
    }
}

fn set_name(family: L3) -> &'static str {
    match family {
        L3::Ipv4 => "sources4",
        L3::Ipv6 => "sources6",
    }
}

fn set(family: L3) -> Set {
    let key = match family {
        L3::Ipv4 => DataType::Ipv4Addr,
        L3::Ipv6 => DataType::Ipv6Addr,
    };
    Set::new(set_name(family), [key]).interval()
}

fn protocol(forwarding: &Forwarding) -> Value {
    match forwarding.protocol {
        Protocol::Tcp => Value::TCP,
        Protocol::Udp => Value::UDP,
        Protocol::Sctp => Value::SCTP,
    }
}

/// A rule for packets to the forwarded port.
fn to_port(forwarding: &Forwarding) -> Rule {
    let rule = Rule::new().to_local().l4proto(protocol(forwarding));
    rule.is(Header::ThDport, forwarding.port)
}

fn refusal(forwarding: &Forwarding, family: L3) -> Rule {
    // Only what begins a connection: replies to connections of the Pod itself come from anywhere.
    let rule = to_port(forwarding).ct_state(CtState::NEW);
    rule.not_in_set(Header::saddr(family), set_name(family)).drop()
}

fn translations(forwarding: &Forwarding) -> Vec<Rule> {
    // Of a connection that begins in one family the kernel can only translate to the same one.
    let first = |family| {
        let mut destinations = forwarding.destinations.iter().copied();
        destinations.find(|address| family_of(*address) == family)
    };
    let destinations = [L3::Ipv4, L3::Ipv6].into_iter().filter_map(first);
    let translation = |address| {
        let rule = to_port(forwarding).is(Meta::NfProto, family_of(address));
        rule.dnat(address, Some(forwarding.destination_port))
    };
    destinations.map(translation).collect()
}

fn masquerade(forwarding: &Forwarding) -> Rule {
    // Without the Pod's address as source, the destination would answer the client past the Pod, and the
    // client drops answers from an address that it did not ask.
    let rule = Rule::new()
        .l4proto(protocol(forwarding))
        .ct_status(CtStatus::DNAT);
    let rule = rule.is(Ct::ProtoDst(Direction::Original), forwarding.port);
    // Random ports: two containers that choose the same one at once would lose a packet (conntrack insertion
    // races).
    rule.masquerade(NatFlags::FULLY_RANDOM)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_a_forwarding() {
        let forwarding = Forwarding {
            protocol: Protocol::Udp,
            port: 53,
            sources: vec![
                "10.0.0.0/8".parse().unwrap(),
                "10.1.0.0/16".parse().unwrap(),
                "::/0".parse().unwrap(),
            ],
            destination_port: 5353,
            destinations: vec!["10.43.0.7".parse().unwrap(), "fd00:43::7".parse().unwrap()],
        };
        let expected = "\
table inet kinglet-lb-udp-53 {
\tset sources4 {
\t\ttype ipv4_addr
\t\tflags interval
\t\telements = { 10.0.0.0/8 }
\t}

\tchain sources {
\t\ttype filter hook prerouting priority dstnat - 1; policy accept;
\t\tfib daddr type local udp dport 53 ct state new ip saddr != @sources4 drop
\t}

\tchain forward {
\t\ttype nat hook prerouting priority dstnat; policy accept;
\t\tfib daddr type local udp dport 53 meta nfproto ipv4 dnat ip to 10.43.0.7:5353
\t\tfib daddr type local udp dport 53 meta nfproto ipv6 dnat ip6 to [fd00:43::7]:5353
\t}

\tchain masquerade {
\t\ttype nat hook postrouting priority srcnat; policy accept;
\t\tmeta l4proto udp ct status dnat ct original proto-dst 53 masquerade fully-random
\t}
}
";
        assert_eq!(ruleset(&forwarding).to_string(), expected);
    }
}
