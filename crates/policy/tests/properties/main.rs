//! The two readings of policies agree, and whatever happened, the rules are those of the present objects.

#![allow(clippy::unwrap_used, reason = "tests")]

mod cost;
mod events;

use std::net::IpAddr;

use kinglet_model::Protocol;
use kinglet_nft::Ownership;
use kinglet_policy::{ConnectionState, Packet, Path, Policies, PolicySettings, Rules, Transport};
use proptest::prelude::*;
use proptest::sample::select;

use events::{ADDRESSES, Event, Present, crowd, event, settings};

fn policies(events: &[Event]) -> Policies {
    let mut policies = Policies::new(settings(), Ownership::Shared);
    events.iter().for_each(|event| event.apply(&mut policies));
    policies.settle();
    policies
}

/// Brings the kernel up to date.
fn commit(policies: &mut Policies) -> usize {
    let additions = policies.additions().len();
    additions + policies.changes().len()
}

/// Removes what nothing leads to any more.
fn sweep(policies: &mut Policies) {
    policies.settle();
    // Chains, then those that only they led to, each after a sweep that found it idle.
    (0..20).for_each(|_| policies.sweep());
    assert!(!policies.has_idle());
}

fn transport() -> impl Strategy<Value = Transport> {
    let protocol = select(vec![
        Protocol::Tcp,
        Protocol::Tcp,
        Protocol::Tcp,
        Protocol::Udp,
        Protocol::Sctp,
    ]);
    let port =
        prop_oneof![4 => 80_u16..83, 2 => 78_u16..85, 1 => Just(60), 1 => Just(99), 1 => Just(u16::MAX)];
    prop_oneof![
        12 => (protocol, port).prop_map(|(protocol, port)| Transport::Port(protocol, port)),
        1 => select(vec![8, 128, 135, 3]).prop_map(Transport::Icmp),
        1 => Just(Transport::Other(47)),
    ]
}

/// A packet within one family.
fn packet() -> impl Strategy<Value = Packet> {
    let family = |v4: bool| {
        let addresses = ADDRESSES.iter().map(|address| address.parse().unwrap());
        let addresses: Vec<IpAddr> = addresses
            .filter(|address: &IpAddr| address.is_ipv4() == v4)
            .collect();
        (select(addresses.clone()), select(addresses))
    };
    let ends = prop_oneof![family(true), family(false)];
    let path = prop_oneof![8 => Just(Path::Forwarded), 1 => Just(Path::ToNode), 1 => Just(Path::FromNode)];
    let state = prop_oneof![10 => Just(ConnectionState::New), 1 => Just(ConnectionState::Established), 1 => Just(ConnectionState::Revoked)];
    let packet = (ends, transport(), path, state);
    packet.prop_map(|((source, destination), transport, path, state)| Packet {
        path,
        state,
        ..Packet::new(source, destination, transport)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1024, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_rules_do_what_the_policies_say(
        events in prop::collection::vec(event(), 1..60),
        packets in prop::collection::vec(packet(), 128),
        (icmp_echo, egress_to_node) in any::<(bool, bool)>(),
    ) {
        let policies = policies(&events);
        let cluster = policies.cluster();
        let here = PolicySettings { icmp_echo, egress_to_node, ..settings() };
        let there = PolicySettings { node: "there".into(), ..here.clone() };
        let rules = [&here, &there].map(|settings| (settings, Rules::compile(cluster, &settings.node)));
        for packet in &packets {
            for (settings, rules) in &rules {
                let evaluation = cluster.evaluate_on_node(packet, settings);
                prop_assert_eq!(rules.allow(packet, settings), evaluation.allowed(), "{:?} {:?}", packet, evaluation);
            }
            // All pods are on one of the two nodes, so that their verdicts together are that of the cluster.
            let all = rules.iter().all(|(settings, rules)| rules.allow(packet, settings));
            prop_assert_eq!(all, cluster.evaluate(packet, &here).allowed());
        }
    }

    #[test]
    fn changes_lead_where_a_fresh_start_does(steps in prop::collection::vec((event(), any::<bool>()), 1..40)) {
        let mut changed = Policies::new(settings(), Ownership::Shared);
        let mut present = Present::default();
        for (event, computed) in &steps {
            event.apply(&mut changed);
            present.note(event);
            if *computed {
                commit(&mut changed);
            }
        }
        sweep(&mut changed);
        let compiled = Rules::compile(changed.cluster(), "here");
        prop_assert_eq!(changed.rules(), &compiled);
        let mut fresh = Policies::new(settings(), Ownership::Shared);
        present.events().for_each(|event| event.apply(&mut fresh));
        sweep(&mut fresh);
        prop_assert_eq!(changed.ruleset(), fresh.ruleset());
        changed.changes();
        prop_assert!(changed.changes().is_empty());
    }

    #[test]
    fn the_same_object_again_is_no_change(steps in prop::collection::vec(event(), 1..40)) {
        let mut policies = Policies::new(settings(), Ownership::Shared);
        for event in &steps {
            event.apply(&mut policies);
            commit(&mut policies);
            event.apply(&mut policies);
            prop_assert_eq!(commit(&mut policies), 0);
        }
    }

    #[test]
    fn what_is_forbidden_from_now_on_is_told(
        before in prop::collection::vec(event(), 1..40),
        change in event(),
        packets in prop::collection::vec(packet(), 64),
    ) {
        let mut policies = policies(&before);
        policies.changes();
        policies.take_effect();
        let verdicts = |policies: &Policies| -> Vec<bool> { packets.iter().map(|packet| policies.allow(packet)).collect() };
        let earlier = verdicts(&policies);
        let has_owner = |policies: &Policies, address| policies.cluster().owner(address).is_some();
        let owned = |policies: &Policies| -> Vec<[bool; 2]> {
            packets.iter().map(|packet| [packet.source, packet.destination].map(|end| has_owner(policies, end))).collect()
        };
        let owned_before = owned(&policies);
        change.apply(&mut policies);
        policies.additions();
        policies.changes();
        let effect = policies.take_effect();
        let owners = owned_before.into_iter().zip(owned(&policies));
        // Of a pod that is gone no connection goes on.
        let lost = owners.map(|(before, now)| (before[0] && !now[0]) || (before[1] && !now[1]));
        let kept = earlier.into_iter().zip(verdicts(&policies)).zip(lost).filter(|(_, lost)| !lost);
        for ((earlier, later), _) in kept {
            prop_assert!(effect.restricts || later >= earlier, "{:?}", effect);
            prop_assert!(effect.relaxes || later <= earlier, "{:?}", effect);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn many_policies_of_a_pod_are_no_different(
        steps in prop::collection::vec((crowd(), prop::bool::weighted(0.3)), 80..240),
        packets in prop::collection::vec(packet(), 64),
    ) {
        let mut changed = Policies::new(settings(), Ownership::Shared);
        for (event, computed) in &steps {
            event.apply(&mut changed);
            if *computed {
                commit(&mut changed);
            }
        }
        sweep(&mut changed);
        let compiled = Rules::compile(changed.cluster(), "here");
        prop_assert_eq!(changed.rules(), &compiled);
        for packet in &packets {
            let evaluation = changed.cluster().evaluate_on_node(packet, &settings());
            prop_assert_eq!(compiled.allow(packet, &settings()), evaluation.allowed(), "{:?} {:?}", packet, evaluation);
        }
    }
}
