//! The elements of a Service in the shared sets.

use std::net::IpAddr;

use kinglet_model::IpFamily;
use kinglet_nft::{Data, Mapped, Value, Verdict};

use super::Objects;
use crate::backend::{Backend, layer3, protocol_value};
use crate::frame::{REJECT, SetKind};
use crate::identity::{Key, Role};
use crate::plan::{Action, Frontend, PortPlan};

impl Objects {
    /// Makes an address a cluster address, whose unknown ports refuse connections.
    pub(super) fn cluster_ip(&mut self, address: IpAddr) {
        let family = IpFamily::of(address);
        self.add(family, SetKind::ClusterIps, address, None);
    }

    /// Adds what leads to the port's chains, and its endpoints.
    pub(super) fn port_elements(&mut self, port: &PortPlan) {
        for frontend in &port.frontends {
            self.frontend(port, *frontend);
        }
        for role in port.roles() {
            if matches!(role, Role::Cluster | Role::Local) {
                self.pool(port, role);
            }
        }
        let family = port.id.family;
        for address in &port.endpoints.here {
            self.add(family, SetKind::Local, *address, None);
        }
        for address in &port.endpoints.hairpin {
            self.add(family, SetKind::Hairpin, (*address, *address), None);
        }
    }

    fn frontend(&mut self, port: &PortPlan, frontend: Frontend) {
        let family = port.id.family;
        let protocol = protocol_value(port.id.protocol);
        let verdict = Some(Mapped::Verdict(port.frontend_verdict(frontend)));
        match frontend {
            Frontend::Cluster(address, number) => {
                self.add(family, SetKind::Vips, (address, protocol, number), verdict);
            }
            Frontend::External(address, number) | Frontend::LoadBalancer(address, number) => {
                let key = (address, protocol, number);
                self.add(family, SetKind::External, key.clone(), None);
                self.add(family, SetKind::Vips, key, verdict);
            }
            Frontend::NodePort(number) | Frontend::NodeBalancer(number) => {
                self.add(family, SetKind::ExternalPorts, (protocol.clone(), number), None);
                self.add(family, SetKind::NodePorts, (protocol, number), verdict);
            }
        }
    }

    /// Adds the endpoints of a chain under consecutive numbers.
    fn pool(&mut self, port: &PortPlan, role: Role) {
        let family = port.id.family;
        let Key { high, low } = port.id.key(role);
        for (number, Backend { address, port: at }) in (0_u32..).zip(port.pool(role)) {
            let words = (Value::Mark(high), Value::Mark(low), Value::Mark(number));
            let endpoint = Mapped::Data(Data::from((*address, *at)));
            self.add(family, SetKind::Backends, words, Some(endpoint));
        }
    }

    /// Adds an element; one that is there already stays.
    fn add(&mut self, family: IpFamily, kind: SetKind, key: impl Into<Data>, mapped: Option<Mapped>) {
        let set = kind.of(layer3(family));
        self.elements.entry((set, key.into())).or_insert(mapped);
    }
}

impl PortPlan {
    fn frontend_verdict(&self, frontend: Frontend) -> Verdict {
        match frontend {
            Frontend::Cluster(..) => self.verdict(self.internal),
            Frontend::LoadBalancer(..) | Frontend::NodeBalancer(_) if self.sources.is_some() => {
                Verdict::goto(self.id.chain(Role::Sources))
            }
            _ => self.verdict(self.external),
        }
    }

    /// Where an action leads to.
    pub(super) fn verdict(&self, action: Action) -> Verdict {
        match action {
            Action::Reject => Verdict::goto(REJECT),
            Action::Drop => Verdict::Drop,
            Action::Cluster => Verdict::goto(self.id.chain(Role::Cluster)),
            Action::Local => Verdict::goto(self.id.chain(Role::Local)),
            Action::LocalFromOutside => Verdict::goto(self.id.chain(Role::External)),
        }
    }
}
