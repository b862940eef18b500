//! Reverse names: PTR records of cluster addresses and endpoints.

use std::borrow::Cow;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use kinglet_dns_wire::{Owner, QueryName, Records, rtype};

use super::answer::Found;
use crate::cluster::{AddressOwner, Endpoint};
use crate::snapshot::{Snapshot, Zone, ZoneMatch};

impl Snapshot {
    /// A name below `in-addr.arpa` or `ip6.arpa`.
    pub(super) fn ptr(&self, matched: ZoneMatch, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        let owners = match decode(matched, name).and_then(|address| self.reverse.get(&address)) {
            Some(reverse) => &reverse.owners,
            None => return Found::empty(matched.labels == 1 && matches!(name.label(0), b"svc" | b"pod")),
        };
        if qtype != rtype::PTR {
            return Found::NoData;
        }
        let address = decode(matched, name);
        let mut records = Records::default();
        let mut previous = None;
        // Where a Service has the address, it is the only name; the endpoints' names come after it.
        let only_one = matches!(owners.first(), Some(AddressOwner::Service(_)));
        for owner in owners.iter().take(if only_one { 1 } else { usize::MAX }) {
            // An endpoint in two slices is here twice; sorted, repetitions are neighbours.
            if previous != Some(owner) {
                self.push_ptr(&mut records, owner, address);
            }
            previous = Some(owner);
        }
        Found::records(records)
    }

    fn push_ptr(&self, records: &mut Records<'_>, owner: &AddressOwner, address: Option<IpAddr>) {
        let domain = self.zones.domain.as_wire();
        let (service, label) = match (owner, address) {
            (AddressOwner::Endpoint(service, hostname), Some(address)) => {
                let endpoint = Endpoint {
                    address,
                    hostname: hostname.clone(),
                };
                (service, Cow::Owned(endpoint.label().into_owned()))
            }
            (AddressOwner::Service(service) | AddressOwner::Endpoint(service, _), _) => {
                (service, Cow::Borrowed(&[][..]))
            }
        };
        let length = [label.len() as u8];
        let length = length.get(..usize::from(!label.is_empty())).unwrap_or_default();
        let data: [&[u8]; 5] = [length, &label, service, b"\x03svc", domain];
        records.push(Owner::Question, rtype::PTR, self.zones.ttl, &data);
    }
}

/// The address of a reverse name (RFC 1035 section 3.5, RFC 3596 section 2.5); nothing if it is too short,
/// too long or malformed.
fn decode(matched: ZoneMatch, name: &QueryName<'_>) -> Option<IpAddr> {
    match (matched.zone, matched.labels) {
        (Zone::InAddr, 4) => {
            let mut octets = [0; 4];
            // The last octet comes first (RFC 1035 section 3.5).
            for (octet, index) in octets.iter_mut().rev().zip(0..) {
                *octet = decimal(name.label(index))?;
            }
            Some(Ipv4Addr::from(octets).into())
        }
        (Zone::Ip6, 32) => {
            let mut bits = 0_u128;
            for index in (0..32).rev() {
                bits = bits << 4 | u128::from(nibble(name.label(index))?);
            }
            Some(Ipv6Addr::from(bits).into())
        }
        _ => None,
    }
}

/// A number without leading zeros, so that an address has one reverse name.
fn decimal(label: &[u8]) -> Option<u8> {
    if label.len() > 1 && label.starts_with(b"0") || !label.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(label).ok()?.parse().ok()
}

fn nibble(label: &[u8]) -> Option<u32> {
    match label {
        [digit] => char::from(*digit).to_digit(16),
        _ => None,
    }
}
