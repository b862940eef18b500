//! Endpoints that clients keep.

use std::collections::{BTreeMap, BTreeSet};

use kinglet_model::{IpFamily, ObjectName};
use kinglet_nft::{Data, Value};

use crate::backend::Backend;
use crate::identity::{Key, Role};
use crate::plan::ServicePlan;

/// An endpoint of a chain whose clients keep theirs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kept {
    pub(crate) family: IpFamily,
    key: Key,
    backend: Backend,
}

/// The endpoints that clients may keep, and those that they may no more.
#[derive(Debug, Default)]
pub(crate) struct Keepers {
    services: BTreeMap<ObjectName, BTreeSet<Kept>>,
    gone: BTreeSet<Kept>,
}

/// The endpoints of a Service that clients may keep.
pub(super) fn of(plan: &ServicePlan) -> BTreeSet<Kept> {
    let mut all = BTreeSet::new();
    for port in plan.ports.iter().filter(|port| port.affinity.is_some()) {
        let endpoints = &port.endpoints;
        for (role, pool) in [
            (Role::Cluster, &endpoints.cluster),
            (Role::Local, &endpoints.local),
        ] {
            let key = port.id.key(role);
            let family = port.id.family;
            all.extend(pool.iter().map(|backend| Kept {
                family,
                key,
                backend: *backend,
            }));
        }
    }
    all
}

impl Kept {
    /// What the element of a client says: the client's address comes first, then the chain's key and the
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

impl Keepers {
    pub(super) fn set(&mut self, name: &ObjectName, now: BTreeSet<Kept>) {
        let before = self.services.remove(name).unwrap_or_default();
        self.gone.extend(before.difference(&now));
        self.gone.retain(|kept| !now.contains(kept));
        if !now.is_empty() {
            self.services.insert(name.clone(), now);
        }
    }

    /// Takes what clients keep in the kernel.
    pub(super) fn adopt(&mut self, kept: impl Iterator<Item = Kept>) {
        let known: BTreeSet<_> = self.services.values().flatten().collect();
        self.gone.extend(kept.filter(|kept| !known.contains(kept)));
    }

    pub(super) fn take_gone(&mut self) -> BTreeSet<Kept> {
        std::mem::take(&mut self.gone)
    }

    pub(super) fn keep_gone(&mut self, gone: BTreeSet<Kept>) {
        self.gone.extend(gone);
    }
}
