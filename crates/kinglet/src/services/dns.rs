//! Services, EndpointSlices and Namespaces to DNS snapshots.

use std::sync::Arc;

use arc_swap::ArcSwap;
use kinglet_dns_zone::{Snapshot, ZoneBuilder};
use kinglet_kube::Delta;
use kinglet_model::{EndpointSlice, Namespace, Object, Service};
use kinglet_telemetry::Gate;
use tokio::sync::mpsc::UnboundedReceiver;

use super::Watched;

/// Keeps the snapshot up to date, forever; opens the gate when everything that exists is in it.
pub(crate) async fn run(
    watched: Watched,
    mut zone: ZoneBuilder,
    snapshot: Arc<ArcSwap<Snapshot>>,
    gate: Gate,
) {
    let mut changes = Changes {
        namespaces: watched.namespaces.subscribe(),
        services: watched.services.subscribe(),
        slices: watched.slices.subscribe(),
        unsynced: 3,
    };
    while changes.next(&mut zone).await {
        snapshot.store(zone.snapshot(unix_seconds()));
        if changes.unsynced == 0 {
            gate.open();
        }
    }
}

/// The present in seconds, modulo 2^32: the serial of the SOA record (RFC 1982 arithmetic).
fn unix_seconds() -> u32 {
    let elapsed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    u32::try_from(elapsed.as_secs() & u64::from(u32::MAX)).unwrap_or_default()
}

struct Changes {
    namespaces: UnboundedReceiver<Delta<Namespace>>,
    services: UnboundedReceiver<Delta<Service>>,
    slices: UnboundedReceiver<Delta<EndpointSlice>>,
    /// Kinds whose first list has not arrived.
    unsynced: usize,
}

impl Changes {
    /// Waits for a change and applies it with all others that are there already, so that a burst makes one
    /// snapshot. `false` when the sources are gone.
    async fn next(&mut self, zone: &mut ZoneBuilder) -> bool {
        let more = tokio::select! {
            delta = self.namespaces.recv() => delta.map(|delta| self.namespace(zone, &delta)).is_some(),
            delta = self.services.recv() => delta.map(|delta| self.service(zone, &delta)).is_some(),
            delta = self.slices.recv() => delta.map(|delta| self.slice(zone, &delta)).is_some(),
        };
        while let Ok(delta) = self.namespaces.try_recv() {
            self.namespace(zone, &delta);
        }
        while let Ok(delta) = self.services.try_recv() {
            self.service(zone, &delta);
        }
        while let Ok(delta) = self.slices.try_recv() {
            self.slice(zone, &delta);
        }
        more
    }

    fn namespace(&mut self, zone: &mut ZoneBuilder, delta: &Delta<Namespace>) {
        match delta {
            Delta::Applied(namespace) => zone.apply_namespace(namespace),
            Delta::Deleted(namespace) => zone.remove_namespace(&namespace.object_name()),
            Delta::Synced => self.synced(zone),
        }
    }

    fn service(&mut self, zone: &mut ZoneBuilder, delta: &Delta<Service>) {
        match delta {
            Delta::Applied(service) => zone.apply_service(service),
            Delta::Deleted(service) => zone.remove_service(&service.object_name()),
            Delta::Synced => self.synced(zone),
        }
    }

    fn slice(&mut self, zone: &mut ZoneBuilder, delta: &Delta<EndpointSlice>) {
        match delta {
            Delta::Applied(slice) => zone.apply_endpoint_slice(slice),
            Delta::Deleted(slice) => zone.remove_endpoint_slice(&slice.object_name()),
            Delta::Synced => self.synced(zone),
        }
    }

    /// Negative answers are given only from the moment when everything is known.
    fn synced(&mut self, zone: &mut ZoneBuilder) {
        self.unsynced = self.unsynced.saturating_sub(1);
        if self.unsynced == 0 {
            zone.set_synced();
        }
    }
}
