//! Choosing from a range of which the lower part is left to explicit requests.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use ipnet::IpNet;

/// The ranges that Services draw from.
#[derive(Clone, Debug)]
pub struct Ranges {
    /// Service networks, at most one per address family; the first gives the default family.
    pub networks: Vec<IpNet>,
    /// Node ports.
    pub node_ports: RangeInclusive<u16>,
}

/// IPv6 networks larger than this are used only so far, as Kubernetes does.
const MOST_ADDRESSES: u128 = 1 << 63;

/// The usable addresses of a network as numbers: without the network's own and, for IPv4, the broadcast
/// address.
fn usable(network: &IpNet) -> (u128, u128) {
    let number = |address: IpAddr| match address {
        IpAddr::V4(address) => u128::from(u32::from(address)),
        IpAddr::V6(address) => u128::from(address),
    };
    let (first, last) = (number(network.network()), number(network.broadcast()));
    let last = if network.addr().is_ipv4() {
        last.saturating_sub(1)
    } else {
        last
    };
    (first + 1, last.min(first + MOST_ADDRESSES))
}

fn address(network: &IpNet, number: u128) -> Option<IpAddr> {
    Some(match network {
        IpNet::V4(_) => Ipv4Addr::from(u32::try_from(number).ok()?).into(),
        IpNet::V6(_) => Ipv6Addr::from(number).into(),
    })
}

/// Size of the lower part: a fraction of the range within bounds, nothing for a small range.
fn reserved(size: u128, fraction: u128, least: u128, most: u128) -> u128 {
    if size <= least {
        0
    } else {
        (size / fraction).clamp(least, most)
    }
}

/// A number from `first..=last` that is free: from a random place of the upper part on, then from the lower
/// part.
fn choose(
    (first, last): (u128, u128),
    reserved: u128,
    free: impl Fn(u128) -> bool,
    chance: &mut dyn FnMut() -> u64,
) -> Option<u128> {
    let upper = first + reserved;
    let size = (last + 1).checked_sub(upper).filter(|size| *size > 0);
    let start = size.map_or(upper, |size| upper + u128::from(chance()) % size);
    (start..=last)
        .chain(upper..start)
        .chain(first..upper.min(last + 1))
        .find(|number| free(*number))
}

/// A free address of a network.
pub(super) fn choose_address(
    network: &IpNet,
    taken: impl Fn(IpAddr) -> bool,
    chance: &mut dyn FnMut() -> u64,
) -> Option<IpAddr> {
    let range = usable(network);
    let host_bits = u32::from(network.max_prefix_len() - network.prefix_len());
    let size = 1_u128.checked_shl(host_bits).unwrap_or(u128::MAX);
    let free = |number| address(network, number).is_some_and(|address| !taken(address));
    let number = choose(range, reserved(size, 16, 16, 256), free, chance)?;
    address(network, number)
}

/// Whether an address may be had; the complaint if not.
pub(super) fn request_address(
    network: &IpNet,
    text: &str,
    taken: impl Fn(IpAddr) -> bool,
) -> Result<(), &'static str> {
    const OUTSIDE: &str = "the provided network does not match the current range";
    let wanted: IpAddr = text.parse().map_err(|_| OUTSIDE)?;
    let (first, last) = usable(network);
    let inside = match wanted {
        IpAddr::V4(address) => (first..=last).contains(&u128::from(u32::from(address))),
        IpAddr::V6(address) => (first..=last).contains(&u128::from(address)),
    };
    if !inside || !network.contains(&wanted) {
        return Err(OUTSIDE);
    }
    if taken(wanted) {
        return Err("provided IP is already allocated");
    }
    Ok(())
}

/// A free port.
pub(super) fn choose_port(
    range: &RangeInclusive<u16>,
    taken: impl Fn(u16) -> bool,
    chance: &mut dyn FnMut() -> u64,
) -> Option<u16> {
    let (first, last) = (u128::from(*range.start()), u128::from(*range.end()));
    let size = (last + 1).saturating_sub(first);
    let free = |number| u16::try_from(number).is_ok_and(|port| !taken(port));
    let number = choose((first, last), reserved(size, 32, 16, 128), free, chance)?;
    u16::try_from(number).ok()
}

/// The wanted port, if it may be had.
pub(super) fn request_port(
    range: &RangeInclusive<u16>,
    wanted: i64,
    taken: impl Fn(u16) -> bool,
) -> Result<u16, String> {
    let port = u16::try_from(wanted).ok().filter(|port| range.contains(port));
    match port {
        None => Err(format!(
            "provided port is not in the valid range. The range of valid ports is {}-{}",
            range.start(),
            range.end()
        )),
        Some(port) if taken(port) => Err("provided port is already allocated".to_owned()),
        Some(port) => Ok(port),
    }
}
