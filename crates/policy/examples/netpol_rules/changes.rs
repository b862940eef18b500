//! Changes of single objects in the cluster.

use std::error::Error;

use kinglet_model::{Namespace, NetworkPolicy, Object, Pod};
use serde_json::{Value, json};

use crate::cluster::{Cluster, made, namespace, team};
use crate::cost::{Cost, list};
use crate::node::Node;

/// The first port of policies that are changed: each allows what no other one does.
const CHANGED: usize = 10_000;
/// The same of policies that are added.
const ADDED: usize = 20_000;

type Costs = Result<Vec<Cost>, Box<dyn Error>>;

/// This many changes of each kind, each of another object as far as there are as many.
pub(crate) fn all(node: &mut Node, cluster: &Cluster, count: usize) -> Result<Value, Box<dyn Error>> {
    let pods: Vec<usize> = (0..count)
        .map(|turn| cluster.pods + spread(turn) % cluster.pods)
        .collect();
    let local: Vec<usize> = (0..cluster.pods)
        .filter(|number| cluster.is_local(*number))
        .collect();
    // Of policies those that are about pods of the node: others change no rules.
    let policies: Vec<usize> = local.iter().copied().cycle().take(count).collect();
    let created = each(&pods, |number| create_pod(node, cluster, number, false))?;
    let deleted = each(&pods, |number| delete_pod(node, cluster, number))?;
    let created_here = each(&pods, |number| create_pod(node, cluster, number, true))?;
    let deleted_here = each(&pods, |number| delete_pod(node, cluster, number))?;
    let (mut changed, mut swept, mut looked) = (Vec::new(), Vec::new(), Vec::new());
    for (turn, number) in policies.iter().enumerate() {
        let policy = policy_about(cluster, *number, turn);
        changed.push(change_policy(node, cluster, policy, CHANGED + turn)?);
        swept.push(node.sweep()?);
        looked.push(node.look()?);
    }
    let mut added = Vec::new();
    let mut removed = Vec::new();
    for (turn, number) in policies.iter().enumerate() {
        let number = cluster.pods + policy_about(cluster, *number, turn);
        added.push(change_policy(node, cluster, number, ADDED + turn)?);
        node.sweep()?;
        removed.push(delete_policy(node, cluster, number)?);
        node.sweep()?;
    }
    let compared = each(&policies, |_| node.compare())?;
    let numbers: Vec<usize> = (0..count).collect();
    let labelled = each(&numbers, |turn| change_namespace(node, cluster, turn))?;
    Ok(json!({
        "pod new": costs(created),
        "pod deleted": costs(deleted),
        "pod of the node new": costs(created_here),
        "pod of the node deleted": costs(deleted_here),
        "policy changed": costs(changed),
        "and its rules before swept": costs(swept),
        "and tracked connections listed": costs(looked),
        "rules compared": costs(compared),
        "policy new": costs(added),
        "policy deleted": costs(removed),
        "namespace's labels changed": costs(labelled),
    }))
}

fn each(numbers: &[usize], change: impl FnMut(usize) -> Result<Cost, Box<dyn Error>>) -> Costs {
    numbers.iter().copied().map(change).collect()
}

fn costs(costs: Vec<Cost>) -> Value {
    list(costs.into_iter())
}

/// Numbers that are far from one another.
fn spread(turn: usize) -> usize {
    turn.wrapping_mul(2_654_435_761)
}

fn create_pod(
    node: &mut Node,
    cluster: &Cluster,
    number: usize,
    local: bool,
) -> Result<Cost, Box<dyn Error>> {
    let pod = made::<Pod>(cluster.pod(number, local))?;
    node.change(|policies| policies.apply_pod(pod))
}

fn delete_pod(node: &mut Node, cluster: &Cluster, number: usize) -> Result<Cost, Box<dyn Error>> {
    let pod = made::<Pod>(cluster.pod(number, false))?;
    let name = pod.object_name();
    node.change(|policies| policies.remove_pod(&name))
}

/// A policy about a pod, by turns one about ingress and one about egress.
fn policy_about(cluster: &Cluster, pod: usize, turn: usize) -> usize {
    let application = cluster.application(pod);
    cluster.first_beside(pod) + application * 2 + turn % 2
}

fn change_policy(
    node: &mut Node,
    cluster: &Cluster,
    number: usize,
    port: usize,
) -> Result<Cost, Box<dyn Error>> {
    let policy = made::<NetworkPolicy>(cluster.policy(number, u16::try_from(port)?))?;
    node.change(|policies| policies.apply_policy(&policy))
}

fn delete_policy(node: &mut Node, cluster: &Cluster, number: usize) -> Result<Cost, Box<dyn Error>> {
    let policy = made::<NetworkPolicy>(cluster.policy(number, 1))?;
    let name = policy.object_name();
    node.change(|policies| policies.remove_policy(&name))
}

/// Moves a namespace to another team, and the next time back.
fn change_namespace(node: &mut Node, cluster: &Cluster, turn: usize) -> Result<Cost, Box<dyn Error>> {
    let count = cluster.namespace_count();
    let number = turn / 2 % count;
    let team = if turn.is_multiple_of(2) {
        team((number + count / 2) % count)
    } else {
        team(number)
    };
    let object = made::<Namespace>(namespace(number, team))?;
    node.change(|policies| policies.apply_namespace(&object))
}
