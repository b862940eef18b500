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
    /// What the element of a client that keeps the endpoint has behind the client's address.
    pub(super) fn matches(&self, element: &Data) -> bool {
        let Some((_client, rest)) = element.0.split_first() else {
            return false;
        };
        let wanted = [
            Value::Mark(self.key.high),
            Value::Mark(self.key.low),
            Value::from(self.backend.address),
            Value::from(self.backend.port),
        ];
        rest == wanted
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

    pub(super) fn take_gone(&mut self) -> BTreeSet<Kept> {
        std::mem::take(&mut self.gone)
    }

    pub(super) fn keep_gone(&mut self, gone: BTreeSet<Kept>) {
        self.gone.extend(gone);
    }
}
