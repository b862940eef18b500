//! Ranges of addresses, one per IP family.

use ipnet::IpNet;

/// A list of ranges is not one range, or two of different families.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("--{flag} {value}: give one range, or one IPv4 and one IPv6 range")]
pub struct RangesError {
    /// The flag.
    pub flag: &'static str,
    /// Its value.
    pub value: String,
}

/// Checks that there is one range, or one of each family.
pub(crate) fn one_per_family(flag: &'static str, ranges: &[IpNet]) -> Result<(), RangesError> {
    match ranges {
        [_] => Ok(()),
        [one, other] if one.addr().is_ipv4() != other.addr().is_ipv4() => Ok(()),
        _ => Err(RangesError {
            flag,
            value: join(ranges),
        }),
    }
}

/// The ranges as the flag takes them.
pub(crate) fn join(ranges: &[IpNet]) -> String {
    ranges
        .iter()
        .map(ToString::to_string)
        .collect::<Vec<_>>()
        .join(",")
}
