//! Packing endpoints into EndpointSlices with as few writes as possible.
//!
//! An endpoint stays in the slice in which it is. New endpoints fill up slices that change anyway; what is
//! left over goes into the fullest slice with room for all of it, or into new slices. Slices that are no
//! longer needed are used for new ones before they are deleted.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::objects::{Endpoint, Slice, SlicePort, Target};
use super::pods::Groups;

/// What one slice should hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    pub(super) ports: Vec<SlicePort>,
    pub(super) endpoints: Vec<Endpoint>,
}

/// The slices of one family after packing.
#[derive(Debug, Default)]
pub(super) struct Packed<'a> {
    /// Slices that stay, with what they should hold.
    pub(super) kept: Vec<(&'a Slice, Content)>,
    pub(super) created: Vec<Content>,
    pub(super) deleted: Vec<&'a Slice>,
}

/// What tells that an endpoint is still the same one.
type Identity = (Option<Arc<str>>, Option<Target>);

fn identity(endpoint: &Endpoint) -> Identity {
    (endpoint.addresses.first().cloned(), endpoint.target_ref.clone())
}

/// Distributes the wanted endpoints of one family over the existing slices of that family and new ones,
/// `most` to a slice. With `placeholder`, one empty slice stands for "no endpoints".
pub(super) fn pack<'a>(wanted: Groups, existing: &[&'a Slice], most: usize, placeholder: bool) -> Packed<'a> {
    let mut by_ports: BTreeMap<&[SlicePort], Vec<&Slice>> = BTreeMap::new();
    for slice in existing {
        by_ports.entry(&slice.ports).or_default().push(slice);
    }
    let mut packed = Packed::default();
    for (ports, endpoints) in wanted {
        let slices = by_ports.remove(&*ports).unwrap_or_default();
        packed.add(ports, endpoints, slices, most);
    }
    packed.deleted.extend(by_ports.into_values().flatten());
    if placeholder && packed.kept.is_empty() && packed.created.is_empty() {
        packed.created.push(Content {
            ports: Vec::new(),
            endpoints: Vec::new(),
        });
    }
    packed.reuse();
    packed
}

impl<'a> Packed<'a> {
    /// Packs the endpoints of one set of ports.
    fn add(&mut self, ports: Vec<SlicePort>, endpoints: Vec<Endpoint>, slices: Vec<&'a Slice>, most: usize) {
        let mut pool: BTreeMap<Identity, Endpoint> = endpoints
            .into_iter()
            .map(|endpoint| (identity(&endpoint), endpoint))
            .collect();
        let mut kept: Vec<(&Slice, Vec<Endpoint>)> = slices
            .into_iter()
            .map(|slice| (slice, remaining(slice, &mut pool, most)))
            .collect();
        let mut rest: Vec<Endpoint> = pool.into_values().collect();
        for (slice, endpoints) in &mut kept {
            if !endpoints.is_empty() && *endpoints != slice.endpoints {
                let room = most.saturating_sub(endpoints.len()).min(rest.len());
                endpoints.extend(rest.drain(..room));
            }
        }
        while rest.len() >= most {
            let full = rest.drain(..most).collect();
            self.create(&ports, full);
        }
        if !rest.is_empty() {
            let roomy = kept
                .iter_mut()
                .filter(|(_, endpoints)| endpoints.len() + rest.len() <= most);
            match roomy.max_by_key(|(_, endpoints)| endpoints.len()) {
                Some((_, endpoints)) => endpoints.append(&mut rest),
                None => self.create(&ports, rest),
            }
        }
        for (slice, endpoints) in kept {
            if endpoints.is_empty() {
                self.deleted.push(slice);
            } else {
                let ports = ports.clone();
                self.kept.push((slice, Content { ports, endpoints }));
            }
        }
    }

    fn create(&mut self, ports: &[SlicePort], endpoints: Vec<Endpoint>) {
        self.created.push(Content {
            ports: ports.to_vec(),
            endpoints,
        });
    }

    /// Changing a slice is cheaper for everybody who watches than deleting one and creating another.
    fn reuse(&mut self) {
        while let (Some(slice), true) = (self.deleted.last(), !self.created.is_empty()) {
            let content = self.created.remove(0);
            self.kept.push((slice, content));
            self.deleted.pop();
        }
    }
}

/// The endpoints of a slice that are still wanted, as they are wanted now.
fn remaining(slice: &Slice, pool: &mut BTreeMap<Identity, Endpoint>, most: usize) -> Vec<Endpoint> {
    let wanted = slice
        .endpoints
        .iter()
        .filter_map(|endpoint| pool.remove(&identity(endpoint)));
    wanted.take(most).collect()
}
