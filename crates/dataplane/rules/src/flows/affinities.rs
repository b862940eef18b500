//! Session affinities: clients that keep their endpoint.

use std::collections::{BTreeMap, BTreeSet};

use kinglet_model::{IpFamily, ObjectName};
use kinglet_nft::{Data, Value};

use crate::backend::Backend;
use crate::identity::{Key, Role};
use crate::plan::ServicePlan;

/// An endpoint of a chain with session affinity.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Affinity {
    pub(crate) family: IpFamily,
    key: Key,
    backend: Backend,
}

/// The endpoints that clients may keep, and those that are gone.
#[derive(Debug, Default)]
pub(crate) struct Affinities {
    services: BTreeMap<ObjectName, BTreeSet<Affinity>>,
    gone: BTreeSet<Affinity>,
}

/// The endpoints of a Service that clients may keep.
pub(super) fn of(plan: &ServicePlan) -> BTreeSet<Affinity> {
    let mut all = BTreeSet::new();
    for port in plan.ports.iter().filter(|port| port.affinity.is_some()) {
        let endpoints = &port.endpoints;
        for (role, pool) in [
            (Role::Cluster, &endpoints.cluster),
            (Role::Local, &endpoints.local),
        ] {
            let key = port.id.key(role);
            let family = port.id.family;
            all.extend(pool.iter().map(|backend| Affinity {
                family,
                key,
                backend: *backend,
            }));
        }
    }
    all
}

impl Affinity {
    /// Reads the element of a client: the client's address comes first, then the chain's key and the
    /// endpoint.
    pub(super) fn read(element: &Data) -> Option<Self> {
        let [
            _client,
            Value::Mark(high),
            Value::Mark(low),
            address,
            Value::InetService(port),
        ] = element.0.as_slice()
        else {
            return None;
        };
        let address = address.ip()?;
        let (high, low, port) = (*high, *low, *port);
        Some(Self {
            family: IpFamily::of(address),
            key: Key { high, low },
            backend: Backend { address, port },
        })
    }
}

impl Affinities {
    pub(super) fn set(&mut self, name: &ObjectName, now: BTreeSet<Affinity>) {
        let before = self.services.remove(name).unwrap_or_default();
        self.gone.extend(before.difference(&now));
        // One that is back keeps its clients.
        self.gone.retain(|affinity| !now.contains(affinity));
        if !now.is_empty() {
            self.services.insert(name.clone(), now);
        }
    }

    /// Takes what clients keep in the kernel.
    pub(super) fn adopt(&mut self, listed: impl Iterator<Item = Affinity>) {
        let known: BTreeSet<_> = self.services.values().flatten().collect();
        self.gone
            .extend(listed.filter(|affinity| !known.contains(affinity)));
    }

    pub(super) fn take_gone(&mut self) -> BTreeSet<Affinity> {
        std::mem::take(&mut self.gone)
    }

    pub(super) fn keep_gone(&mut self, gone: BTreeSet<Affinity>) {
        self.gone.extend(gone);
    }
}
