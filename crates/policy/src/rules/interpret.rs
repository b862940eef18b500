//! What the rules do to a packet, chain by chain as the kernel evaluates them.

use std::net::IpAddr;

use super::{End, Id, Line, Member, RulePeer, Rules, Step};
use crate::checked::{Action, Direction};
use crate::packet::{ConnectionState, Packet, Path, Transport};
use crate::settings::PolicySettings;

impl Rules {
    /// Whether a packet passes the node.
    pub fn allow(&self, packet: &Packet, settings: &PolicySettings) -> bool {
        match packet.path {
            Path::Forwarded => self.forward(packet, settings),
            Path::ToNode => !settings.egress_to_node || self.input(packet, settings),
            // No base chain is on the output hook: a node always reaches its pods.
            Path::FromNode => true,
        }
    }

    fn forward(&self, packet: &Packet, settings: &PolicySettings) -> bool {
        // Both sides must allow a packet between two pods of the node.
        let looked_up =
            || self.look_up(Direction::Egress, packet) && self.look_up(Direction::Ingress, packet);
        before(packet).unwrap_or_else(|| looked_up() || is_exempt(packet, settings))
    }

    fn input(&self, packet: &Packet, settings: &PolicySettings) -> bool {
        let looked_up = || self.look_up(Direction::Egress, packet);
        before(packet).unwrap_or_else(|| looked_up() || is_exempt(packet, settings))
    }

    /// The verdict of a map. An address that it does not have is of no pod that policies select.
    fn look_up(&self, direction: Direction, packet: &Packet) -> bool {
        let own = match direction {
            Direction::Egress => packet.source,
            Direction::Ingress => packet.destination,
        };
        match self.map(direction).get(&own) {
            Some(id) => self.decide(*id, packet).unwrap_or_default(),
            None => true,
        }
    }

    /// Whether a profile's chain accepts; nothing if it returns to the chain of which it is a part.
    fn decide(&self, id: Id, packet: &Packet) -> Option<bool> {
        // The kernel refuses elements that lead nowhere; should there be one, it must not allow anything.
        let Some(profile) = self.profiles.get(&id) else {
            return Some(false);
        };
        let mut parts = profile.parts().iter();
        if let Some(decided) = parts.find_map(|(part, _)| self.decide(*part, packet)) {
            return Some(decided);
        }
        let mut steps = profile.steps().iter();
        let step = steps.find(|step| self.matches(step, profile.direction, packet));
        match (step.map(|step| step.action), &profile.end) {
            (Some(Action::Accept), _) => Some(true),
            (Some(Action::Deny), _) => Some(false),
            (Some(Action::Pass), End::NextPart(passed_on)) => self.end(passed_on.as_deref()?, packet),
            (Some(Action::Pass) | None, end) => self.end(end, packet),
        }
    }

    fn end(&self, end: &End, packet: &Packet) -> Option<bool> {
        match end {
            End::Allow => Some(true),
            // The set of pairs, in the kernel.
            End::Deny => Some(packet.source == packet.destination && self.isolated.contains(&packet.source)),
            End::Next((id, _)) => self.decide(*id, packet),
            End::NextPart(_) => None,
        }
    }

    fn matches(&self, step: &Step, direction: Direction, packet: &Packet) -> bool {
        let other = match direction {
            Direction::Egress => packet.destination,
            Direction::Ingress => packet.source,
        };
        let mut lines = step.lines.iter();
        lines.any(|line| line.ports.contains(packet.transport) && self.is_meant(line, other))
            || self.has_tuple(step, other, packet.transport)
    }

    fn is_meant(&self, line: &Line, address: IpAddr) -> bool {
        match &line.peer {
            RulePeer::Any => true,
            RulePeer::Ranges(ranges) => ranges.contains(address),
            RulePeer::Pods(_) | RulePeer::Nodes(_) => {
                line.set.is_some_and(|id| self.has(id, Member::of(address)))
            }
        }
    }

    fn has_tuple(&self, step: &Step, address: IpAddr, transport: Transport) -> bool {
        let (Transport::Port(protocol, number), Some((set, _))) = (transport, &step.tuples) else {
            return false;
        };
        let port = Some((protocol, number));
        self.has(*set, Member { address, port })
    }

    fn has(&self, set: Id, member: Member) -> bool {
        let set = self.sets.get(&set);
        set.is_some_and(|set| set.members.contains(&member))
    }
}

/// What the rules before the lookups decide.
fn before(packet: &Packet) -> Option<bool> {
    match packet.state {
        ConnectionState::Revoked => Some(false),
        ConnectionState::Established => Some(true),
        ConnectionState::New => None,
    }
}

/// Whether the chains that deny accept a packet nevertheless.
fn is_exempt(packet: &Packet, settings: &PolicySettings) -> bool {
    settings.icmp_echo && packet.is_echo_request() || packet.is_neighbour_discovery()
}
