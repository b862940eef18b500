//! What the rules do to a packet, step by step as the kernel goes through the chains.

use std::net::IpAddr;

use super::{Id, Member, Profile, Rules, Whom};
use crate::checked::Direction;
use crate::packet::{Packet, Path, State, Transport};
use crate::settings::Settings;

impl Rules {
    /// Whether a packet passes the node.
    pub fn allow(&self, packet: &Packet, settings: &Settings) -> bool {
        match packet.path {
            Path::Forwarded => self.forward(packet, settings),
            Path::ToNode => !settings.egress_to_node || self.input(packet, settings),
            // Nothing is hooked there.
            Path::FromNode => true,
        }
    }

    fn forward(&self, packet: &Packet, settings: &Settings) -> bool {
        self.before(packet, settings).unwrap_or_else(|| {
            self.look_up(Direction::Egress, packet) && self.look_up(Direction::Ingress, packet)
        })
    }

    fn input(&self, packet: &Packet, settings: &Settings) -> bool {
        let before = self.before(packet, settings);
        before.unwrap_or_else(|| self.look_up(Direction::Egress, packet))
    }

    /// What rules before the maps decide.
    fn before(&self, packet: &Packet, settings: &Settings) -> Option<bool> {
        match packet.state {
            State::Revoked => return Some(false),
            State::Established => return Some(true),
            State::New => {}
        }
        let itself = packet.source == packet.destination && self.isolated.contains(&packet.source);
        let echo = settings.icmp_echo && packet.is_echo_request();
        (itself || echo || packet.is_neighbour_discovery()).then_some(true)
    }

    /// The verdict of a map; a packet that it does not have goes on.
    fn look_up(&self, direction: Direction, packet: &Packet) -> bool {
        let (own, other) = match direction {
            Direction::Egress => (packet.source, packet.destination),
            Direction::Ingress => (packet.destination, packet.source),
        };
        let Some(id) = self.map(direction).get(&own) else {
            return true;
        };
        let profile = self.profiles.get(id);
        profile.is_some_and(|profile| self.returns(profile, other, packet.transport))
    }

    /// Whether a profile's chain returns before its end, which denies.
    fn returns(&self, profile: &Profile, other: IpAddr, transport: Transport) -> bool {
        let mut lines = profile.lines.iter();
        lines.any(|(whom, ports)| ports.contains(transport) && self.is_meant(whom, other))
            || self.has_tuple(profile, other, transport)
    }

    fn is_meant(&self, whom: &Whom, address: IpAddr) -> bool {
        match whom {
            Whom::Any => true,
            Whom::Ranges(ranges) => ranges.contains(address),
            Whom::Peer(_) => {
                let id = whom.set().map(|set| set.id());
                id.is_some_and(|id| self.has(id, Member { address, port: None }))
            }
        }
    }

    fn has_tuple(&self, profile: &Profile, address: IpAddr, transport: Transport) -> bool {
        let Transport::Port(protocol, number) = transport else {
            return false;
        };
        let port = Some((protocol, number));
        let set = super::Kind::Tuples(profile.tuples.clone()).id();
        self.has(set, Member { address, port })
    }

    fn has(&self, set: Id, member: Member) -> bool {
        let set = self.sets.get(&set);
        set.is_some_and(|set| set.members.contains(&member))
    }
}
