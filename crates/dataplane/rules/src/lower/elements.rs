//! The elements of a Service in the shared sets.

use std::net::IpAddr;

use ipnet::IpNet;
use kinglet_model::IpFamily;
use kinglet_nft::{Data, Mapped, Value, Verdict};

use super::balance::offset;
use super::lookup::Lookup;
use super::objects::Objects;
use crate::backend::{Backend, protocol_value};
use crate::identity::Role;
use crate::plan::{Action, Frontend, PortPlan};
use crate::settings::DataplaneSettings;
use crate::table::{LOCALHOST, SetKind};

impl Objects {
    /// Makes an address a ClusterIP, whose unknown ports refuse connections.
    pub(super) fn cluster_ip(&mut self, address: IpAddr) {
        let family = IpFamily::of(address);
        self.add(family, SetKind::ClusterIps, address, None);
    }

    /// Adds a network of the node's own pods.
    pub(crate) fn own_pods(&mut self, family: IpFamily, network: IpNet) {
        let range = (network.network(), network.broadcast());
        self.add(family, SetKind::OwnPods, range, None);
    }

    /// Adds the addresses that decide who is masqueraded.
    pub(super) fn addresses(&mut self, port: &PortPlan) {
        let family = port.id.family;
        for address in &port.endpoints.here {
            self.add(family, SetKind::Local, *address, None);
        }
        for address in &port.endpoints.hairpin {
            self.add(family, SetKind::Hairpin, (*address, *address), None);
        }
    }

    /// Adds a frontend: where it leads to, and the endpoints behind it.
    pub(super) fn frontend(&mut self, port: &PortPlan, frontend: Frontend, settings: &DataplaneSettings) {
        let family = port.id.family;
        let key = frontend.key(port);
        let (action, external) = match frontend {
            Frontend::Cluster(..) => (port.internal, None),
            Frontend::External(..) | Frontend::LoadBalancer(..) => (port.external, Some(SetKind::External)),
            Frontend::NodePort(_) | Frontend::NodeBalancer(_) => {
                (port.external, Some(SetKind::ExternalPorts))
            }
        };
        if let Some(set) = external {
            self.add(family, set, key.clone(), None);
        }
        let lookup = frontend.lookup();
        let verdict = match frontend {
            Frontend::LoadBalancer(..) | Frontend::NodeBalancer(_) if port.sources.is_some() => {
                Verdict::goto(self.source_ranges(port, lookup, action))
            }
            _ => self.verdict(port, lookup, action),
        };
        // With session affinity the endpoints are constants in the rules of the port's own chain.
        if port.affinity.is_none() {
            for role in action.roles() {
                self.backends(port, lookup, &key, *role);
            }
        }
        if settings.localhost_node_ports && family == IpFamily::V4 {
            self.localhost(frontend, key.clone());
        }
        self.add(family, lookup.verdicts(), key, Some(Mapped::Verdict(verdict)));
    }

    /// Says whether loopback addresses serve a port of the node. A load balancer's does not get there, but
    /// claims it: the oldest Service has the port on all addresses.
    fn localhost(&mut self, frontend: Frontend, key: Data) {
        let verdict = match frontend {
            Frontend::NodePort(_) => Verdict::goto(LOCALHOST),
            Frontend::NodeBalancer(_) => Verdict::Return,
            _ => return,
        };
        let verdict = Some(Mapped::Verdict(verdict));
        self.add(IpFamily::V4, SetKind::Localhost, key, verdict);
    }

    /// Adds the endpoints of a pool under consecutive numbers.
    fn backends(&mut self, port: &PortPlan, lookup: Lookup, key: &Data, role: Role) {
        for (number, Backend { address, port: at }) in (offset(role)..).zip(port.pool(role)) {
            let mut key = key.clone();
            key.0.push(Value::Mark(number));
            let endpoint = Mapped::Data(Data::from((*address, *at)));
            self.add(port.id.family, lookup.backends(), key, Some(endpoint));
        }
    }
}

impl Frontend {
    fn key(self, port: &PortPlan) -> Data {
        let protocol = protocol_value(port.id.protocol);
        match self {
            Self::Cluster(address, number)
            | Self::External(address, number)
            | Self::LoadBalancer(address, number) => Data::from((address, protocol, number)),
            Self::NodePort(number) | Self::NodeBalancer(number) => Data::from((protocol, number)),
        }
    }

    fn lookup(self) -> Lookup {
        match self {
            Self::NodePort(_) | Self::NodeBalancer(_) => Lookup::NodePort,
            _ => Lookup::Vip,
        }
    }
}

impl Action {
    /// The pools that connections may go to.
    fn roles(self) -> &'static [Role] {
        match self {
            Self::Reject | Self::Drop => &[],
            Self::Cluster => &[Role::Cluster],
            Self::Local => &[Role::Local],
            Self::LocalFromOutside => &[Role::Cluster, Role::Local],
        }
    }
}
