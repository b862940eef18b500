//! The methods by which rules are written.

mod act;
mod compare;

use std::net::IpAddr;

use crate::types::L3;

fn family(address: IpAddr) -> L3 {
    match address {
        IpAddr::V4(_) => L3::Ipv4,
        IpAddr::V6(_) => L3::Ipv6,
    }
}
