//! Address translation that a lab's network has beside Services: pods that leave the cluster, host ports,
//! external addresses.

use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};

use ipnet::IpNet;
use kinglet_model::Protocol;
use kinglet_nft::{
    Batch, Chain, ChainType, Connection, DataType, Element, Family as TableFamily, Header, Hook, L3, Meta,
    NatFlags, Rule, Set, Table, Value, priority,
};

use crate::links::{LinkError, NFTABLES, open_in};
use crate::netns::Namespace;

/// A container's port on its node's addresses (`hostPort`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostPort {
    pub(crate) protocol: Protocol,
    /// Only on this address of the node (`hostIP`); on all when not given.
    pub(crate) host: Option<IpAddr>,
    pub(crate) port: u16,
    /// The pod.
    pub(crate) address: IpAddr,
    pub(crate) container_port: u16,
}

/// The translations of one node.
#[derive(Clone)]
pub(super) struct NodeNat {
    connection: Arc<Mutex<Connection>>,
    namespace: Namespace,
}

const FAMILIES: [L3; 2] = [L3::Ipv4, L3::Ipv6];

fn table() -> Table {
    Table::new(TableFamily::Inet, "kinglet-lab")
}

fn address_type(family: L3) -> DataType {
    match family {
        L3::Ipv4 => DataType::Ipv4Addr,
        L3::Ipv6 => DataType::Ipv6Addr,
    }
}

fn suffix(family: L3) -> &'static str {
    match family {
        L3::Ipv4 => "4",
        L3::Ipv6 => "6",
    }
}

/// Host ports on every address, and on one.
fn host_port_maps(family: L3) -> [Set; 2] {
    let (address, suffix) = (address_type(family), suffix(family));
    let target = [address, DataType::InetService];
    [
        Set::map(
            format!("hostip{suffix}"),
            [address, DataType::InetProto, DataType::InetService],
            target,
        ),
        Set::map(
            format!("hostport{suffix}"),
            [DataType::InetProto, DataType::InetService],
            target,
        ),
    ]
}

/// Pods that reach themselves through a host port.
fn hairpin_set(family: L3) -> Set {
    let address = address_type(family);
    Set::new(format!("hairpin{}", suffix(family)), [address, address])
}

impl NodeNat {
    /// Makes the node's table: pods that leave the cluster through `uplink` have the node's address outside,
    /// as flannel does it.
    pub(super) fn create(namespace: &Namespace, cluster: &[IpNet], uplink: &str) -> Result<Self, LinkError> {
        let mut connection = open_in(namespace, NFTABLES, Connection::open)?;
        let (table, mut batch) = (table(), Batch::new());
        batch.replace_table(&table);
        let chains = [
            ("prerouting", Hook::Prerouting, priority::DSTNAT),
            ("output", Hook::Output, priority::DSTNAT),
            ("postrouting", Hook::Postrouting, priority::SRCNAT),
        ];
        for (name, hook, priority) in chains {
            batch.add_chain(&table, &Chain::base(name, ChainType::Nat, hook, priority));
        }
        for family in FAMILIES {
            add_host_ports(&mut batch, &table, family);
        }
        for range in cluster {
            let (source, destination) = addresses_of(range);
            let leaves = Rule::new()
                .is(Meta::OifName, Value::interface(uplink))
                .within(source, *range)
                .not_within(destination, *range)
                .masquerade(NatFlags::NONE);
            batch.add_rule(&table, "postrouting", &leaves);
        }
        commit(&mut connection, &batch, namespace)?;
        Ok(Self {
            connection: Arc::new(Mutex::new(connection)),
            namespace: namespace.clone(),
        })
    }

    /// Opens host ports of a pod.
    pub(super) fn open(&self, ports: &[HostPort]) -> Result<(), LinkError> {
        self.change(ports, |batch, table, set, element| {
            batch.add_elements(table, set, element);
        })
    }

    /// Closes them.
    pub(super) fn close(&self, ports: &[HostPort]) -> Result<(), LinkError> {
        self.change(ports, |batch, table, set, element| {
            // Other than a deletion it does not fail, and the batch with it, where an element is gone
            // already.
            batch.destroy_elements(table, set, element);
        })
    }

    fn change(
        &self,
        ports: &[HostPort],
        change: impl Fn(&mut Batch, &Table, &Set, &[Element]),
    ) -> Result<(), LinkError> {
        let (table, mut batch) = (table(), Batch::new());
        let mut pods: Vec<IpAddr> = ports.iter().map(|port| port.address).collect();
        pods.sort_unstable();
        pods.dedup();
        for port in ports {
            let (set, element) = element(port);
            change(&mut batch, &table, &set, &[element]);
        }
        for pod in pods {
            change(
                &mut batch,
                &table,
                &hairpin_set(family_of(pod)),
                &[Element::new((pod, pod))],
            );
        }
        let mut connection = self.connection.lock().unwrap_or_else(PoisonError::into_inner);
        commit(&mut connection, &batch, &self.namespace)
    }
}

fn add_host_ports(batch: &mut Batch, table: &Table, family: L3) {
    let (source, destination) = (Header::saddr(family), Header::daddr(family));
    let loopback: IpNet = match family {
        L3::Ipv4 => IpNet::V4(ipnet::Ipv4Net::new_assert(std::net::Ipv4Addr::LOCALHOST, 8)),
        L3::Ipv6 => IpNet::V6(ipnet::Ipv6Net::new_assert(std::net::Ipv6Addr::LOCALHOST, 128)),
    };
    let [on_one, on_all] = host_port_maps(family);
    let hairpin = hairpin_set(family);
    batch.add_set(table, &on_one).add_set(table, &on_all);
    batch.add_set(table, &hairpin);
    // What the node itself sends does not pass prerouting.
    for chain in ["prerouting", "output"] {
        // Loopback stays the node's own: a pod must not take over what listens on 127.0.0.1.
        let to_node = || Rule::new().to_local().not_within(destination, loopback);
        let one = to_node().dnat_map(
            family,
            (destination, Meta::L4Proto, Header::ThDport),
            on_one.name.as_str(),
        );
        let all = to_node().dnat_map(family, (Meta::L4Proto, Header::ThDport), on_all.name.as_str());
        batch.add_rule(table, chain, &one);
        batch.add_rule(table, chain, &all);
    }
    // A pod that reaches itself would see its own address as the client's and answer itself directly, past
    // the translation.
    let itself = Rule::new()
        .ct_status(kinglet_nft::CtStatus::DNAT)
        .in_set((source, destination), hairpin.name.as_str())
        .masquerade(NatFlags::NONE);
    batch.add_rule(table, "postrouting", &itself);
}

fn family_of(address: IpAddr) -> L3 {
    match address {
        IpAddr::V4(_) => L3::Ipv4,
        IpAddr::V6(_) => L3::Ipv6,
    }
}

fn addresses_of(range: &IpNet) -> (Header, Header) {
    let family = family_of(range.addr());
    (Header::saddr(family), Header::daddr(family))
}

fn element(port: &HostPort) -> (Set, Element) {
    let protocol = match port.protocol {
        Protocol::Tcp => Value::TCP,
        Protocol::Udp => Value::UDP,
        Protocol::Sctp => Value::SCTP,
    };
    let [on_one, on_all] = host_port_maps(family_of(port.address));
    let (set, element) = match port.host {
        Some(host) => (on_one, Element::new((host, protocol, port.port))),
        None => (on_all, Element::new((protocol, port.port))),
    };
    (set, element.to((port.address, port.container_port)))
}

/// Translates external addresses to nodes and back, 1:1, as a cloud provider's router does.
pub(super) fn external(router: &Namespace, pairs: &[(IpAddr, IpAddr)]) -> Result<(), LinkError> {
    let mut connection = open_in(router, NFTABLES, Connection::open)?;
    let (table, mut batch) = (table(), Batch::new());
    batch.replace_table(&table);
    let (pre, post) = ("prerouting", "postrouting");
    batch.add_chain(
        &table,
        &Chain::base(pre, ChainType::Nat, Hook::Prerouting, priority::DSTNAT),
    );
    batch.add_chain(
        &table,
        &Chain::base(post, ChainType::Nat, Hook::Postrouting, priority::SRCNAT),
    );
    for (external, node) in pairs {
        batch.add_rule(&table, pre, &Rule::new().daddr(*external).dnat(*node, None));
        // For connections that nodes begin; answers to all others conntrack translates back.
        batch.add_rule(&table, post, &Rule::new().saddr(*node).snat(*external));
    }
    commit(&mut connection, &batch, router)
}

fn commit(connection: &mut Connection, batch: &Batch, namespace: &Namespace) -> Result<(), LinkError> {
    connection.commit(batch).map_err(|error| {
        LinkError::new(
            namespace.name(),
            "write nftables rules (kernel features nf_tables, nft_nat, nft_masq, nft_fib)",
            &error,
        )
    })
}
