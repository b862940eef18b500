//! Placeholder addresses for pods of manifests, which have none yet.
//!
//! They are in 0.0.0.0/8, which no host can have (RFC 1122, section 3.2.1.3): of the blocks that policies
//! use, only 0.0.0.0/0 contains them.

use std::net::Ipv4Addr;

/// The address of the pod of this number.
pub(super) fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits((number + 1) & 0x00ff_ffff)
}

/// Whether an address is a placeholder.
pub(super) fn is_placeholder(address: std::net::IpAddr) -> bool {
    matches!(address, std::net::IpAddr::V4(address) if address.octets()[0] == 0)
}

/// A text without placeholders: ` (0.0.0.7)` is removed.
pub(super) fn hide(text: &str) -> String {
    let mut parts = text.split(" (0.");
    let mut hidden = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        hidden.push_str(part.split_once(')').map_or(part, |(_address, rest)| rest));
    }
    hidden
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_are_hidden() {
        assert!(is_placeholder(address(0).into()) && is_placeholder(address(70_000).into()));
        assert!(!is_placeholder([10, 0, 0, 1].into()));
        let text = format!(
            "denied: web/a ({}) to db/b ({}), tcp 80\n  (0 rules)\n",
            address(0),
            address(300)
        );
        assert_eq!(hide(&text), "denied: web/a to db/b, tcp 80\n  (0 rules)\n");
    }
}
