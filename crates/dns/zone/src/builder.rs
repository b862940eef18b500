//! From changes of objects to snapshots.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use hashbrown::HashMap;
use kinglet_dns_wire::{Name, NameError, push_label};
use kinglet_model::{EndpointSlice, Namespace, Object, ObjectName};

use crate::cluster::{self, AddressOwner, ReverseTable, Service, ServiceKey, Slice, Spec, service_key};
use crate::snapshot::{Snapshot, Zones};
use crate::table::Table;

/// What a zone serves.
#[derive(Clone, Debug)]
pub struct ZoneSettings {
    /// The cluster domain, for instance `cluster.local`.
    pub domain: String,
    /// TTL of all records, in seconds (CoreDNS `ttl`, 5 by default).
    pub ttl: u32,
    /// Addresses of this machine that are not loopback: they tell which Service the name server itself is (NS
    /// records).
    pub local_addresses: Vec<IpAddr>,
}

impl Default for ZoneSettings {
    fn default() -> Self {
        Self {
            domain: "cluster.local".into(),
            ttl: 5,
            local_addresses: Vec::new(),
        }
    }
}

/// Keeps the zone's data and publishes immutable snapshots of it.
///
/// Every method takes the present state of one object. An object that changes no answer is found out early. A
/// change costs as much as the Service that it touches is large, however many Services there are. Objects may
/// arrive in any order.
///
/// ```
/// # use kinglet_dns_wire::{Name, QueryName, rtype};
/// # use kinglet_dns_zone::{Lookup, ZoneBuilder, ZoneSettings};
/// let mut builder = ZoneBuilder::new(&ZoneSettings::default())?;
/// let before = builder.snapshot(1);
/// builder.set_synced();
/// let after = builder.snapshot(2);
///
/// let name = Name::parse("web.default.svc.cluster.local")?;
/// let question = QueryName::read(name.as_wire())?;
/// assert!(matches!(before.lookup(&question, rtype::A), Lookup::Unsynced(_)));
/// assert!(matches!(after.lookup(&question, rtype::A), Lookup::NameError(_)));
/// # Ok::<(), kinglet_dns_wire::NameError>(())
/// ```
pub struct ZoneBuilder {
    zones: Arc<Zones>,
    services: Table<Arc<Service>>,
    namespaces: Table<cluster::Namespace>,
    reverse: ReverseTable,
    /// Slices by object name.
    slices: HashMap<ObjectName, Arc<Slice>>,
    /// Slices by Service and object name, also of Services that do not exist (yet). Sorted, so that answers
    /// do not depend on the order of arrival.
    slices_of: HashMap<ServiceKey, BTreeMap<ObjectName, Arc<Slice>>>,
    synced: bool,
    changed: bool,
    serial: u32,
}

impl ZoneBuilder {
    /// An empty zone. Fails if the domain is not a domain name.
    pub fn new(settings: &ZoneSettings) -> Result<Self, NameError> {
        Ok(Self {
            zones: Arc::new(Zones::new(settings)?),
            services: Table::new(),
            namespaces: Table::new(),
            reverse: Table::new(),
            slices: HashMap::new(),
            slices_of: HashMap::new(),
            synced: false,
            changed: false,
            serial: 0,
        })
    }

    /// A Service was added or modified. One whose name cannot be a label is left out.
    pub fn apply_service(&mut self, service: &kinglet_model::Service) {
        let Ok(key) = service_key(&service.object_name()) else {
            return;
        };
        let spec = Spec::new(service);
        let old = self.services.get(&*key).map(|old| old.spec.clone());
        // Most updates of a Service concern its status or annotations.
        if old.as_deref() == Some(&spec) {
            return;
        }
        if let Some(old) = old {
            self.forget_cluster_ips(&key, &old);
        }
        for &address in spec.cluster_ips() {
            self.reverse.add(address, AddressOwner::Service(key.clone()));
        }
        self.compile(key, Arc::new(spec));
        self.changed = true;
    }

    /// A Service was deleted.
    pub fn remove_service(&mut self, name: &ObjectName) {
        let Ok(key) = service_key(name) else {
            return;
        };
        if let Some(old) = self.services.remove(&*key) {
            self.forget_cluster_ips(&key, &old.spec);
            self.changed = true;
        }
    }

    /// An EndpointSlice was added or modified. One that belongs to no Service is left out.
    pub fn apply_endpoint_slice(&mut self, slice: &EndpointSlice) {
        let name = slice.object_name();
        let Some(new) = Slice::new(slice) else {
            return self.remove_endpoint_slice(&name);
        };
        // Conditions other than `ready`, topology hints and the like change no answer.
        if self.slices.get(&name).is_some_and(|old| **old == new) {
            return;
        }
        let new = Arc::new(new);
        // Out before in: the tables of addresses count each slice once.
        let old = self.take_slice(&name);
        for endpoint in &new.endpoints {
            self.reverse
                .add(endpoint.address, AddressOwner::endpoint(&new.owner, endpoint));
        }
        let slices = self.slices_of.entry(new.owner.clone()).or_default();
        slices.insert(name.clone(), new.clone());
        self.slices.insert(name, new.clone());
        // The label that names its Service may have changed: then both have other endpoints.
        if let Some(old) = old.filter(|old| old.owner != new.owner) {
            self.recompile(&old.owner);
        }
        self.recompile(&new.owner);
        self.changed = true;
    }

    /// An EndpointSlice was deleted.
    pub fn remove_endpoint_slice(&mut self, name: &ObjectName) {
        if let Some(old) = self.take_slice(name) {
            self.recompile(&old.owner);
            self.changed = true;
        }
    }

    /// A Namespace was added or modified.
    pub fn apply_namespace(&mut self, namespace: &Namespace) {
        if let Ok(label) = namespace_label(&namespace.object_name())
            && self.namespaces.get(&*label).is_none()
        {
            self.namespaces.insert(cluster::Namespace(label));
        }
    }

    /// A Namespace was deleted: its names are gone, even if its objects have not been deleted yet.
    pub fn remove_namespace(&mut self, name: &ObjectName) {
        if let Ok(label) = namespace_label(name) {
            self.namespaces.remove(&*label);
        }
    }

    /// All kinds have been listed once: from now on, a name that is not there does not exist. It stays so
    /// when the API server goes away: old answers are better than none.
    pub fn set_synced(&mut self) {
        self.synced = true;
    }

    /// Number of Services.
    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// The zone as it is now, at the Unix time `now` in seconds, which becomes the SOA serial if data changed
    /// since the last snapshot.
    pub fn snapshot(&mut self, now: u32) -> Arc<Snapshot> {
        if std::mem::take(&mut self.changed) {
            // Never back, even if the clock is: secondaries would take the zone for an old one (RFC 1982).
            self.serial = self.serial.max(now);
        }
        Arc::new(Snapshot::new(
            self.zones.clone(),
            self.services.clone(),
            self.namespaces.clone(),
            self.reverse.clone(),
            self.synced,
            self.serial,
        ))
    }

    fn forget_cluster_ips(&mut self, key: &ServiceKey, spec: &Spec) {
        for &address in spec.cluster_ips() {
            self.reverse
                .subtract(address, &AddressOwner::Service(key.clone()));
        }
    }

    /// Takes a slice out of all tables. The answers of its Service have to be compiled again.
    fn take_slice(&mut self, name: &ObjectName) -> Option<Arc<Slice>> {
        let slice = self.slices.remove(name)?;
        if let Some(slices) = self.slices_of.get_mut(&slice.owner) {
            slices.remove(name);
            if slices.is_empty() {
                self.slices_of.remove(&slice.owner);
            }
        }
        for endpoint in &slice.endpoints {
            let owner = AddressOwner::endpoint(&slice.owner, endpoint);
            self.reverse.subtract(endpoint.address, &owner);
        }
        Some(slice)
    }

    fn recompile(&mut self, key: &ServiceKey) {
        if let Some(spec) = self.services.get(key).map(|service| service.spec.clone()) {
            self.compile(key.clone(), spec);
        }
    }

    fn compile(&mut self, key: ServiceKey, spec: Arc<Spec>) {
        let slices = self.slices_of.get(&key);
        let slices = slices.into_iter().flat_map(BTreeMap::values).cloned().collect();
        let service = Service::new(key, spec, slices, self.zones.ttl);
        self.services.insert(Arc::new(service));
    }
}

fn namespace_label(name: &ObjectName) -> Result<Box<[u8]>, NameError> {
    let mut wire = Vec::new();
    push_label(&mut wire, &name.name)?;
    Ok(wire.get(1..).unwrap_or_default().to_ascii_lowercase().into())
}

impl Zones {
    fn new(settings: &ZoneSettings) -> Result<Self, NameError> {
        let domain = Name::parse(&settings.domain)?;
        Ok(Self {
            labels: domain.labels(),
            lower: domain.to_lowercase(),
            domain,
            in_addr: Name::parse("in-addr.arpa")?,
            ip6: Name::parse("ip6.arpa")?,
            ttl: settings.ttl,
            local_addresses: settings.local_addresses.clone(),
        })
    }
}
