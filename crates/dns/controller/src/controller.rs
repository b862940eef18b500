//! Changes of objects to snapshots.

use std::sync::Arc;

use arc_swap::ArcSwap;
use kinglet_dns_zone::{Snapshot, ZoneBuilder};
use kinglet_kube::{Change, Inputs, Kind, Reflectors};
use kinglet_model::{EndpointSlice, Namespace, Service};
use kinglet_telemetry::Gate;

/// The kinds that the controller watches.
pub const KINDS: &[Kind] = &[
    Kind::of::<Namespace>(),
    Kind::of::<Service>(),
    Kind::of::<EndpointSlice>(),
];

/// Keeps a zone and its published snapshot up to date.
pub struct DnsController {
    zone: ZoneBuilder,
    snapshot: Arc<ArcSwap<Snapshot>>,
    gate: Gate,
}

/// A change of one object.
enum Input {
    Namespace(Change<Namespace>),
    Service(Change<Service>),
    Slice(Change<EndpointSlice>),
}

impl DnsController {
    /// A controller of an empty zone. It opens `gate` when everything that existed at the start is published.
    pub fn new(mut zone: ZoneBuilder, gate: Gate) -> Self {
        let snapshot = Arc::new(ArcSwap::new(zone.snapshot(0)));
        Self { zone, snapshot, gate }
    }

    /// Where the current snapshot is found, now and later.
    pub fn snapshot(&self) -> Arc<ArcSwap<Snapshot>> {
        self.snapshot.clone()
    }

    /// Follows the cluster for ever.
    pub async fn run(mut self, reflectors: &Reflectors) {
        let mut inputs = Inputs::new();
        inputs.watch(&reflectors.of(), Input::Namespace);
        inputs.watch(&reflectors.of(), Input::Service);
        inputs.watch(&reflectors.of(), Input::Slice);
        loop {
            // A burst of changes comes as one batch and makes one snapshot: a rollout must not cost one each.
            for input in inputs.next().await {
                self.apply(input);
            }
            // While a kind is unknown, a missing name may only not have arrived yet, and clients would cache
            // a negative answer (RFC 2308): until then the zone says SERVFAIL.
            if inputs.is_synced() {
                self.zone.set_synced();
            }
            self.snapshot.store(self.zone.snapshot(unix_seconds()));
            // Only now: who waits for the gate may ask at once.
            if inputs.is_synced() {
                self.gate.open();
            }
        }
    }

    fn apply(&mut self, input: Input) {
        match input {
            Input::Namespace(Change::Applied(namespace)) => self.zone.apply_namespace(&namespace),
            Input::Namespace(deleted) => self.zone.remove_namespace(&deleted.name()),
            Input::Service(Change::Applied(service)) => self.zone.apply_service(&service),
            Input::Service(deleted) => self.zone.remove_service(&deleted.name()),
            Input::Slice(Change::Applied(slice)) => self.zone.apply_endpoint_slice(&slice),
            Input::Slice(deleted) => self.zone.remove_endpoint_slice(&deleted.name()),
        }
    }
}

/// The present in seconds, modulo 2^32: the serial of the SOA record, which wraps around (RFC 1982).
fn unix_seconds() -> u32 {
    let elapsed = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap_or_default();
    u32::try_from(elapsed.as_secs() & u64::from(u32::MAX)).unwrap_or_default()
}
