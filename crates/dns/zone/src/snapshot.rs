//! The published, immutable form of the zones.

use std::net::IpAddr;
use std::sync::Arc;

use kinglet_dns_wire::{Name, QueryName};

use crate::cluster::{Namespace, ReverseTable, Service};
use crate::soa::Soa;
use crate::table::Table;

/// The zones' names and settings.
#[derive(Debug)]
pub(crate) struct Zones {
    /// The cluster domain as configured: targets of PTR records end in it.
    pub(crate) domain: Name,
    /// The same in lower case.
    pub(crate) lower: Name,
    /// Its number of labels.
    pub(crate) labels: usize,
    pub(crate) in_addr: Name,
    pub(crate) ip6: Name,
    pub(crate) ttl: u32,
    pub(crate) local_addresses: Vec<IpAddr>,
}

/// The zone that a question falls into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Zone {
    /// The cluster domain.
    Cluster,
    /// `in-addr.arpa`.
    InAddr,
    /// `ip6.arpa`.
    Ip6,
}

/// A zone, and where the question's name is in it.
#[derive(Clone, Copy)]
pub(crate) struct ZoneMatch {
    pub(crate) zone: Zone,
    /// Number of labels left of the zone's name.
    pub(crate) labels: usize,
    /// Where the zone's name starts in the question's name, in octets.
    pub(crate) offset: usize,
}

impl Zones {
    /// The zone of a name.
    pub(crate) fn zone_of(&self, name: &QueryName<'_>) -> Option<ZoneMatch> {
        let within = |zone, lower, labels| {
            Some(ZoneMatch {
                zone,
                labels: name.labels().checked_sub(labels)?,
                offset: name.offset_of(lower, labels)?,
            })
        };
        // Most questions are about the cluster domain. The three do not overlap, so the first match is the
        // zone.
        within(Zone::Cluster, &self.lower, self.labels)
            .or_else(|| within(Zone::InAddr, &self.in_addr, 2))
            .or_else(|| within(Zone::Ip6, &self.ip6, 2))
    }
}

/// All answers of the cluster's zones at one moment.
///
/// Cheap to share and to keep: snapshots share what did not change between them.
pub struct Snapshot {
    pub(crate) zones: Arc<Zones>,
    pub(crate) services: Table<Arc<Service>>,
    pub(crate) namespaces: Table<Namespace>,
    pub(crate) reverse: ReverseTable,
    pub(crate) synced: bool,
    soa: Soa,
}

impl Snapshot {
    pub(crate) fn new(
        zones: Arc<Zones>,
        services: Table<Arc<Service>>,
        namespaces: Table<Namespace>,
        reverse: ReverseTable,
        synced: bool,
        serial: u32,
    ) -> Self {
        let soa = Soa::new(zones.ttl, serial);
        Self {
            zones,
            services,
            namespaces,
            reverse,
            synced,
            soa,
        }
    }

    /// Whether a name is in one of the zones.
    pub fn contains(&self, name: &QueryName<'_>) -> bool {
        self.zones.zone_of(name).is_some()
    }

    /// Whether all objects were known when the snapshot was taken.
    pub fn is_synced(&self) -> bool {
        self.synced
    }

    /// Serial of the zones (RFC 1035 section 3.3.13).
    pub fn serial(&self) -> u32 {
        self.soa.serial()
    }

    /// Number of Services.
    pub fn services(&self) -> usize {
        self.services.len()
    }

    /// Number of addresses that have a name.
    pub fn addresses(&self) -> usize {
        self.reverse.len()
    }

    pub(crate) fn soa(&self, matched: ZoneMatch) -> Soa {
        self.soa.at(matched.offset)
    }
}
