//! Addresses and node ports that are taken: those of stored Services, and those of writes on their way.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};

use kinglet_api_kinds::allocate::{self, AllocateError, Held, Ranges};
use serde_json::Value;

use crate::store::Store;

/// What is taken. It follows the store's changes, so that a write costs the same however many Services there
/// are.
#[derive(Default)]
pub(crate) struct Allocation {
    state: Mutex<State>,
}

/// What one write has been given, kept from other writes until it is stored or has failed.
pub(crate) struct Reservation<'a> {
    allocation: &'a Allocation,
    number: u64,
}

#[derive(Default)]
struct State {
    /// The revision up to which the store's changes are counted.
    seen: Option<u64>,
    taken: Counted,
    reservations: HashMap<u64, Held>,
    reserved: u64,
}

/// Values with the number of those who hold them: for a moment a write on its way and the Service that it
/// became hold the same.
#[derive(Default)]
struct Counted {
    held: Held,
    addresses: HashMap<IpAddr, usize>,
    node_ports: HashMap<u16, usize>,
}

impl Allocation {
    /// Completes a Service with addresses and node ports, and reserves them. `old` is its present state, if
    /// there is one.
    pub(crate) fn choose(
        &self,
        store: &Store,
        collection: &str,
        service: (&mut Value, Option<&Value>),
        ranges: &Ranges,
    ) -> Result<Reservation<'_>, AllocateError> {
        let (object, old) = service;
        let mut state = self.state();
        // Under the lock: two writes that look at the same time must not choose the same address.
        state.follow(store, collection);
        allocate::service(object, old, ranges, &state.taken.held, &mut random)?;
        let held = Held::by(object);
        state.taken.add(&held);
        state.reserved += 1;
        let number = state.reserved;
        state.reservations.insert(number, held);
        Ok(Reservation {
            allocation: self,
            number,
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        // However the write ends: a client that goes away drops its request half-way.
        let mut state = self.allocation.state();
        if let Some(held) = state.reservations.remove(&self.number) {
            state.taken.remove(&held);
        }
    }
}

impl State {
    /// Counts what has changed in the store.
    fn follow(&mut self, store: &Store, collection: &str) {
        let batch = self
            .seen
            .map(|seen| store.events_after(collection, seen, usize::MAX));
        let Some(Ok(batch)) = batch else {
            return self.count_all(store, collection);
        };
        for event in &batch.events {
            if let Some(previous) = &event.previous {
                self.taken.remove(&Held::by(&previous.value()));
            }
            if !event.deleted {
                self.taken.add(&Held::by(&event.object.value()));
            }
        }
        self.seen = Some(batch.position);
    }

    /// Counts everything anew: at the start, and when changes were forgotten before they were counted.
    fn count_all(&mut self, store: &Store, collection: &str) {
        self.taken = Counted::default();
        for held in self.reservations.values() {
            self.taken.add(held);
        }
        // The latest revision is never compacted.
        if let Ok(listing) = store.list(collection, None, None) {
            for service in &listing.objects {
                self.taken.add(&Held::by(&service.value()));
            }
            self.seen = Some(listing.revision);
        }
    }
}

impl Counted {
    fn add(&mut self, held: &Held) {
        for address in &held.addresses {
            *self.addresses.entry(*address).or_default() += 1;
        }
        for port in &held.node_ports {
            *self.node_ports.entry(*port).or_default() += 1;
        }
        self.held.add(held);
    }

    fn remove(&mut self, held: &Held) {
        for address in &held.addresses {
            if is_last(&mut self.addresses, address) {
                self.held.addresses.remove(address);
            }
        }
        for port in &held.node_ports {
            if is_last(&mut self.node_ports, port) {
                self.held.node_ports.remove(port);
            }
        }
    }
}

/// Counts one holder less; whether it was the last.
fn is_last<K: Copy + Eq + std::hash::Hash>(counts: &mut HashMap<K, usize>, key: &K) -> bool {
    match counts.get_mut(key) {
        Some(count) if *count > 1 => {
            *count -= 1;
            false
        }
        _ => {
            counts.remove(key);
            true
        }
    }
}

/// A random number. The system's source does not fail once the system is up; then the first free address is
/// as good as any.
fn random() -> u64 {
    let mut bytes = [0; 8];
    match getrandom::fill(&mut bytes) {
        Ok(()) => u64::from_ne_bytes(bytes),
        Err(_) => 0,
    }
}
