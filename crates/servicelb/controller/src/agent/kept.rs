//! UDP ports that stay served.

use std::collections::BTreeSet;

use kinglet_model::{Protocol, Service, ServiceType};
use kinglet_servicelb_plan::{HostPorts, NodeShare, Port};

/// From here on the kernel gives ports to UDP clients, with its usual net.ipv4.ip_local_port_range.
const EPHEMERAL: u16 = 32_768;

/// Tells the ports that processes keep from load balancers from those that they do not.
///
/// The kernel does not tell whether an unconnected UDP socket is that of a server or of a client, whose port
/// it chose. One that was there before the Service is taken for a server, and keeps its port; one that comes
/// later takes nothing from a Service that is served. Listening TCP and SCTP sockets are those of servers
/// always.
#[derive(Debug, Default)]
pub(super) struct Kept {
    /// UDP ports that load balancers ask for.
    asked: BTreeSet<Port>,
    /// Those of them that this node has served since they were asked for.
    kept: BTreeSet<Port>,
    /// What was listened on when it was last looked.
    seen: HostPorts,
}

impl Kept {
    /// Takes in what load balancers ask for.
    pub(super) fn ask<'a>(&mut self, services: impl Iterator<Item = &'a Service>) {
        let balanced = services.filter(|service| service.service_type == ServiceType::LoadBalancer);
        let ports = balanced.flat_map(Port::of);
        self.asked = ports.filter(|port| port.protocol == Protocol::Udp).collect();
        // Not only while it is served: a node that is not ready for a moment gets back what it had.
        let asked = &self.asked;
        self.kept.retain(|port| asked.contains(port));
    }

    /// Takes in what the node serves.
    pub(super) fn serve(&mut self, share: &NodeShare) {
        let udp = |&(protocol, number): &(Protocol, u16)| {
            (protocol == Protocol::Udp).then(|| Port::new(protocol, number))
        };
        let ports = share.values().flatten().filter_map(udp);
        let seen = &self.seen;
        self.kept.extend(ports.filter(|port| !seen.contains(*port)));
    }

    /// The ports to report, of those that are listened on.
    pub(super) fn look(&mut self, listening: HostPorts) -> HostPorts {
        let counts = |port: &Port| {
            // Reports of clients' sockets would change all the time.
            let is_server = port.protocol != Protocol::Udp || port.number < EPHEMERAL;
            (is_server || self.asked.contains(port)) && !self.kept.contains(port)
        };
        let report = HostPorts::new(listening.iter().filter(counts));
        self.seen = listening;
        report
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use kinglet_model::{ObjectName, ServicePort};

    use super::*;

    fn udp(number: u16) -> Port {
        Port::new(Protocol::Udp, number)
    }

    fn asking(number: u16) -> Arc<Service> {
        Arc::new(Service {
            service_type: ServiceType::LoadBalancer,
            ports: vec![ServicePort {
                protocol: Protocol::Udp,
                port: number,
                ..ServicePort::default()
            }],
            ..Service::default()
        })
    }

    fn share(number: u16) -> NodeShare {
        let ports = [(Protocol::Udp, number)].into();
        [(ObjectName::new("default", "vpn"), ports)].into()
    }

    #[test]
    fn a_socket_takes_no_port_that_is_served() {
        for number in [53, 51_820] {
            let (mut kept, service) = (Kept::default(), asking(number));
            kept.ask([&*service].into_iter());
            kept.look(HostPorts::default());
            kept.serve(&share(number));
            let report = kept.look(HostPorts::new([udp(number), udp(54)]));
            assert_eq!(report, HostPorts::new([udp(54)]), "{number}");
            // Nor while the node serves nothing for a moment.
            kept.serve(&NodeShare::new());
            let report = kept.look(HostPorts::new([udp(number)]));
            assert_eq!(report, HostPorts::default(), "{number}");
            // With the Service goes its precedence.
            kept.ask(std::iter::empty());
            let report = kept.look(HostPorts::new([udp(number)]));
            assert_eq!(report.contains(udp(number)), number == 53);
        }
    }

    #[test]
    fn a_socket_that_was_there_keeps_its_port() {
        for number in [53, 51_820] {
            let (mut kept, service) = (Kept::default(), asking(number));
            kept.look(HostPorts::new([udp(number)]));
            kept.ask([&*service].into_iter());
            // Until the report is written the port is part of the share.
            kept.serve(&share(number));
            let report = kept.look(HostPorts::new([udp(number)]));
            assert_eq!(report, HostPorts::new([udp(number)]), "{number}");
            kept.look(HostPorts::default());
            kept.serve(&share(number));
            assert_eq!(kept.look(HostPorts::new([udp(number)])), HostPorts::default());
        }
    }

    #[test]
    fn an_agent_that_starts_again_keeps_what_is_served() {
        let (mut kept, service) = (Kept::default(), asking(51_820));
        kept.ask([&*service].into_iter());
        kept.serve(&share(51_820));
        assert_eq!(kept.look(HostPorts::new([udp(51_820)])), HostPorts::default());
    }
}
