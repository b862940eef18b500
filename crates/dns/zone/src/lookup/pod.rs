//! Pods by address: `10-42-0-7.<namespace>.pod.<domain>` (`pods insecure`: any address of a namespace that
//! exists).

use std::net::IpAddr;

use kinglet_dns_wire::{Owner, QueryName, Records, type_of};

use super::answer::Found;
use crate::snapshot::Snapshot;

impl Snapshot {
    /// A name with `labels` labels left of `pod`. Up to two labels left of the address are allowed and mean
    /// nothing.
    pub(super) fn pod(&self, labels: usize, name: &QueryName<'_>, qtype: u16) -> Found<'_> {
        if labels == 0 {
            return Found::NoData;
        }
        if labels > 4 || self.namespaces.get(name.label(labels - 1)).is_none() {
            return Found::NameError;
        }
        if labels == 1 {
            return Found::NoData;
        }
        let Some(address) = address(name.label(labels - 2)) else {
            return Found::NameError;
        };
        if type_of(address) != qtype {
            return Found::NoData;
        }
        let mut records = Records::default();
        records.push_address(Owner::Question, self.zones.ttl, address);
        Found::records(records)
    }
}

/// Reads `10-42-0-7` or `fd00--7`. Three dashes that do not touch stand for dots; all others stand for
/// colons.
fn address(label: &[u8]) -> Option<IpAddr> {
    let text = std::str::from_utf8(label).ok()?;
    let dots = text.matches('-').count() == 3 && !text.contains("--");
    text.replace('-', if dots { "." } else { ":" }).parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses() {
        for (label, address) in [
            ("10-42-0-7", Some("10.42.0.7")),
            ("fd00--7", Some("fd00::7")),
            ("--1", Some("::1")),
            ("1-2-3-4-5-6-7-8", Some("1:2:3:4:5:6:7:8")),
            ("10-42-0", None),
            ("10-42-0-256", None),
            ("10-42-0-07", None),
            ("web", None),
        ] {
            let address = address.map(|text| text.parse::<IpAddr>().unwrap());
            assert_eq!(super::address(label.as_bytes()), address, "{label}");
        }
    }
}
