//! Cluster addresses and node ports of Services.
//!
//! [`service`] completes a Service from the cluster's ranges and from what other Services hold: a pure
//! function, so that the caller decides how to make "look, choose, store" atomic. Nothing needs to be
//! released: what is held is what stored Services say ([`Held::by`]). The lower part of each range is left to
//! those who ask for a certain value, as long as the upper part has room (Kubernetes KEP-3070, KEP-3668).

mod error;
mod families;
mod range;

use std::collections::{HashMap, HashSet};
use std::net::IpAddr;
use std::ops::RangeInclusive;

use kinglet_api_schema::FieldError;
use serde_json::{Value, json};

pub use self::error::AllocateError;
use self::families::is;
pub use self::range::Ranges;
use crate::defaults::network::externally_accessible;
use crate::json::{Json, JsonMut};
use crate::validation::service::{is_headless, needs_health_check};

/// Addresses and node ports that Services hold.
#[derive(Clone, Debug, Default)]
pub struct Held {
    /// Cluster addresses.
    pub addresses: HashSet<IpAddr>,
    /// Node ports, those for health checks included.
    pub node_ports: HashSet<u16>,
}

impl Held {
    /// What one Service holds.
    pub fn by(service: &Value) -> Self {
        let ports = service.list("spec.ports").iter().map(|port| port.int("nodePort"));
        let numbers = ports.chain([service.int("spec.healthCheckNodePort")]);
        let addresses = service.texts("spec.clusterIPs").into_iter();
        Self {
            addresses: addresses.filter_map(|address| address.parse().ok()).collect(),
            node_ports: numbers
                .filter_map(|port| u16::try_from(port).ok())
                .filter(|port| *port != 0)
                .collect(),
        }
    }

    /// Adds what another holds.
    pub fn add(&mut self, other: &Self) {
        self.addresses.extend(&other.addresses);
        self.node_ports.extend(&other.node_ports);
    }
}

/// Completes a defaulted Service: address families, cluster addresses, node ports, health check port. On
/// update (`old` is the stored Service) it keeps what is not given anew and drops what the new type does not
/// have. `held` is what all Services hold, the Service itself may be among them. `chance` gives random
/// numbers.
///
/// # Errors
/// A requested value is taken, outside its range or against the families' rules; or a range is full. The
/// Service is then half done and of no use.
pub fn service(
    new: &mut Value,
    old: Option<&Value>,
    ranges: &Ranges,
    held: &Held,
    chance: &mut dyn FnMut() -> u64,
) -> Result<(), AllocateError> {
    if let Some(old) = old {
        keep_allocated(new, old);
    }
    one_and_all(new, old);
    families::complete(new, old, ranges)?;
    cluster_ips(new, old, ranges, held, chance)?;
    node_ports(new, old, ranges, held, chance)?;
    if let Some(old) = old {
        drop_unfit(new, old);
    }
    Ok(())
}

fn has_node_ports(service: &Value) -> bool {
    is(service, "NodePort") || is(service, "LoadBalancer")
}

/// Values that the client left out stay as they were.
fn keep_allocated(new: &mut Value, old: &Value) {
    if !is(new, "ExternalName") && !is(old, "ExternalName") {
        new.fill("spec.clusterIP", old.at("spec.clusterIP").clone());
        if new.list("spec.clusterIPs").is_empty() && !old.list("spec.clusterIPs").is_empty() {
            new.put("spec.clusterIPs", old.at("spec.clusterIPs").clone());
        }
    }
    if has_node_ports(new) && has_node_ports(old) {
        keep_node_ports(new, old);
    }
    if needs_health_check(new) && needs_health_check(old) && new.int("spec.healthCheckNodePort") == 0 {
        new.put(
            "spec.healthCheckNodePort",
            old.at("spec.healthCheckNodePort").clone(),
        );
    }
}

/// A port without a node port takes that of the old port of the same name, unless another claims it.
fn keep_node_ports(new: &mut Value, old: &Value) {
    let claimed: HashSet<i64> = new
        .list("spec.ports")
        .iter()
        .map(|port| port.int("nodePort"))
        .collect();
    new.each("spec.ports", |port| {
        let before = old
            .list("spec.ports")
            .iter()
            .rfind(|before| before.text("name") == port.text("name"))
            .map_or(0, |before| before.int("nodePort"));
        if port.int("nodePort") == 0 && before != 0 && !claimed.contains(&before) {
            port.put("nodePort", before);
        }
    });
}

/// `clusterIP` and the first of `clusterIPs` say the same: old clients know only the former.
fn one_and_all(new: &mut Value, old: Option<&Value>) {
    let one = new.text("spec.clusterIP").to_owned();
    let Some(old) = old else {
        if !one.is_empty() && new.list("spec.clusterIPs").is_empty() {
            new.put("spec.clusterIPs", json!([one]));
        }
        return;
    };
    let before = old.text("spec.clusterIP");
    let same = new.texts("spec.clusterIPs") == old.texts("spec.clusterIPs");
    // A client that knows only the old field has changed it.
    if one != before && same {
        if one.is_empty() {
            new.drop_field("spec.clusterIPs");
        } else {
            new.put("spec.clusterIPs", json!([one]));
        }
    }
}

fn cluster_ips(
    new: &mut Value,
    old: Option<&Value>,
    ranges: &Ranges,
    held: &Held,
    chance: &mut dyn FnMut() -> u64,
) -> Result<(), AllocateError> {
    // Validation refuses to change from `None`, so that it must not get an address here.
    let was_headless = old.is_some_and(|old| !is(old, "ExternalName") && is_headless(old));
    if is(new, "ExternalName") || is_headless(new) || was_headless {
        return Ok(());
    }
    let own = old
        .filter(|old| !is(old, "ExternalName"))
        .map(Held::by)
        .unwrap_or_default();
    let wanted: Vec<String> = new
        .texts("spec.clusterIPs")
        .into_iter()
        .map(str::to_owned)
        .collect();
    let mut given: Vec<String> = Vec::new();
    for (index, family) in new.texts("spec.ipFamilies").into_iter().enumerate() {
        let network = ranges
            .networks
            .iter()
            .find(|network| families::of_network(network) == family)
            .ok_or_else(|| AllocateError::Exhausted(format!("no service network of family {family}")))?;
        let taken = |address: IpAddr| held.addresses.contains(&address) && !own.addresses.contains(&address);
        given.push(match wanted.get(index) {
            Some(text) if !text.is_empty() => {
                let result = range::request_address(network, text, taken);
                result.map_err(|why| refused_address(new, text, why))?;
                text.clone()
            }
            _ => range::choose_address(network, |address| held.addresses.contains(&address), chance)
                .ok_or_else(|| exhausted("serviceIP for Service", new))?
                .to_string(),
        });
    }
    if let Some(first) = given.first() {
        new.put("spec.clusterIP", first.clone());
        new.put("spec.clusterIPs", given);
    }
    Ok(())
}

fn refused_address(service: &Value, address: &str, why: &str) -> AllocateError {
    let why = format!("failed to allocate IP {address}: {why}");
    FieldError::invalid("spec.clusterIPs", service.at("spec.clusterIPs").clone(), why).into()
}

fn exhausted(what: &str, service: &Value) -> AllocateError {
    let name = service.text("metadata.name");
    AllocateError::Exhausted(format!("failed to allocate a {what} \"{name}\": range is full"))
}

fn node_ports(
    new: &mut Value,
    old: Option<&Value>,
    ranges: &Ranges,
    held: &Held,
    chance: &mut dyn FnMut() -> u64,
) -> Result<(), AllocateError> {
    let own = old.map(Held::by).unwrap_or_default();
    let mut taken = held.node_ports.clone();
    let range = &ranges.node_ports;
    let mut mine: HashMap<u16, i64> = HashMap::new();
    let allocate =
        is(new, "NodePort") || (is(new, "LoadBalancer") && new.flag("spec.allocateLoadBalancerNodePorts"));
    let ports = if has_node_ports(new) {
        new.list("spec.ports").to_vec()
    } else {
        Vec::new()
    };
    for (index, port) in ports
        .iter()
        .enumerate()
        .filter(|(_, port)| port.int("nodePort") != 0)
    {
        let wanted = port.int("nodePort");
        // One number serves several protocols of a port; an update judges duplicates later.
        let shares = |number: u16| {
            mine.get(&number)
                .is_some_and(|of| old.is_some() || *of == port.int("port"))
        };
        let known = |number: u16| own.node_ports.contains(&number) || shares(number);
        let number =
            range::request_port(range, wanted, |number| taken.contains(&number) && !known(number))
                .map_err(|why| FieldError::invalid(format!("spec.ports[{index}].nodePort"), wanted, why))?;
        mine.insert(number, port.int("port"));
        taken.insert(number);
    }
    for (index, port) in ports
        .iter()
        .enumerate()
        .filter(|(_, port)| port.int("nodePort") == 0)
    {
        // The same port number over another protocol shares the node port.
        let shared = new.list("spec.ports").iter().find_map(|other| {
            let twin =
                other.int("port") == port.int("port") && other.text("protocol") != port.text("protocol");
            u16::try_from(other.int("nodePort"))
                .ok()
                .filter(|number| twin && *number != 0)
        });
        if !allocate {
            continue;
        }
        let number = match shared {
            Some(number) => number,
            None => range::choose_port(range, |number| taken.contains(&number), chance)
                .ok_or_else(|| exhausted("nodePort for Service", new))?,
        };
        taken.insert(number);
        if let Some(port) = new.at_mut("spec.ports").and_then(|ports| ports.get_mut(index)) {
            port.put("nodePort", number);
        }
    }
    health_check_port(new, old, range, &mut taken, chance)
}

fn health_check_port(
    new: &mut Value,
    old: Option<&Value>,
    range: &RangeInclusive<u16>,
    taken: &mut HashSet<u16>,
    chance: &mut dyn FnMut() -> u64,
) -> Result<(), AllocateError> {
    if !needs_health_check(new) || old.is_some_and(needs_health_check) {
        return Ok(());
    }
    let number = match new.int("spec.healthCheckNodePort") {
        0 => range::choose_port(range, |number| taken.contains(&number), chance)
            .ok_or_else(|| exhausted("HealthCheck NodePort for Service", new))?,
        // Kubernetes answers this with an internal error too, though the client asked for the number.
        wanted => range::request_port(range, wanted, |number| taken.contains(&number)).map_err(|why| {
            AllocateError::Exhausted(format!(
                "failed to allocate requested HealthCheck NodePort {wanted}: {why}"
            ))
        })?,
    };
    new.put("spec.healthCheckNodePort", number);
    Ok(())
}

/// What the new type does not have goes, unless the client has just asked for it.
fn drop_unfit(new: &mut Value, old: &Value) {
    let same = |new: &Value, path: &str| new.at(path) == old.at(path);
    let mut gone: Vec<&str> = Vec::new();
    if !is(old, "ExternalName") && is(new, "ExternalName") {
        if same(new, "spec.clusterIP") && same(new, "spec.clusterIPs") {
            gone.extend(["spec.clusterIP", "spec.clusterIPs"]);
        }
        gone.extend(["spec.ipFamilies", "spec.ipFamilyPolicy"]);
    }
    if needs_health_check(old) && !needs_health_check(new) {
        gone.push("spec.healthCheckNodePort");
    }
    if is(old, "LoadBalancer") && !is(new, "LoadBalancer") {
        gone.extend(["spec.allocateLoadBalancerNodePorts", "spec.loadBalancerClass"]);
    }
    if externally_accessible(old.at("spec")) && !externally_accessible(new.at("spec")) {
        gone.push("spec.externalTrafficPolicy");
    }
    for path in gone {
        if same(new, path) {
            new.drop_field(path);
        }
    }
    let before = Held::by(old).node_ports;
    let known = |port: &Value| {
        u16::try_from(port.int("nodePort")).is_ok_and(|port| port == 0 || before.contains(&port))
    };
    if has_node_ports(old) && !has_node_ports(new) && new.list("spec.ports").iter().all(known) {
        new.each("spec.ports", |port| drop(port.drop_field("nodePort")));
    }
    if !is(new, "LoadBalancer") {
        new.put("status.loadBalancer", json!({}));
    }
}

#[cfg(test)]
mod tests;
