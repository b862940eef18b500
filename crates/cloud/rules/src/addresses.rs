//! The addresses that a Node should have.

use std::net::IpAddr;

use kinglet_model::{Node, NodeAddress};

use crate::annotation;
use crate::keys::PROVIDED_NODE_IP;
use crate::problem::NodeProblem;

/// `status.addresses` of a Node as they should be, with what was left out; or why they are not known.
///
/// - Without a host name from the agent, those that the Node has stay.
/// - The address that its kubelet uses is the first of its type; one that nobody else knows is an error.
pub(crate) fn wanted(node: &Node) -> (Option<Vec<NodeAddress>>, Vec<NodeProblem>) {
    let (mut addresses, mut problems) = annotation::addresses(node);
    if !addresses.iter().any(|one| &*one.kind == "InternalIP") {
        problems.push(NodeProblem::NoAddress);
        return (None, problems);
    }
    if !addresses.iter().any(|one| &*one.kind == "Hostname") {
        let kept = node.addresses.iter().filter(|one| &*one.kind == "Hostname");
        addresses.extend(kept.cloned());
    }
    // From the last to the first, so that the first one ends up in front of its type.
    for used in annotation::list(&node.metadata, PROVIDED_NODE_IP).iter().rev() {
        if let Err(problem) = prefer(&mut addresses, used) {
            problems.push(problem);
            return (None, problems);
        }
    }
    (Some(addresses), problems)
}

/// Makes an address the first of its type. An unspecified one says only which family the kubelet prefers, and
/// that it has chosen itself.
fn prefer(addresses: &mut Vec<NodeAddress>, used: &str) -> Result<(), NodeProblem> {
    let foreign = || NodeProblem::ForeignNodeIp(used.to_owned());
    let ip: IpAddr = used.parse().map_err(|_| foreign())?;
    let is_it = |one: &NodeAddress| {
        let address = one.address.parse::<IpAddr>();
        if ip.is_unspecified() {
            address.is_ok_and(|address| address.is_ipv4() == ip.is_ipv4())
        } else {
            address == Ok(ip)
        }
    };
    let found = addresses.iter().position(is_it);
    // A kubelet that uses an address which no annotation has was started with other flags than the agent:
    // to publish either would be a guess.
    let Some(at) = found else {
        return if ip.is_unspecified() {
            Ok(())
        } else {
            Err(foreign())
        };
    };
    let kind = addresses[at].kind.clone();
    let first = addresses.iter().position(|one| one.kind == kind).unwrap_or(at);
    let address = addresses.remove(at);
    addresses.insert(first, address);
    Ok(())
}

#[cfg(test)]
mod tests;
