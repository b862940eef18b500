//! Many policies that select one pod.
//!
//! Policy number I allows pods with the role rI, and one address outside of the cluster, to use a port of its
//! own and port 80. So no two of them allow the same.

use std::error::Error;
use std::time::{Duration, Instant};

use kinglet_model::{Namespace, NetworkPolicy, Object, ObjectName, Pod};
use serde_json::{Value, json};

use crate::cluster::{NODE, made};
use crate::cost::{Cost, list, measured};
use crate::node::Node;

/// Between two sweeps, as in the agent.
const SWEEP: Duration = Duration::from_secs(1);
/// How often one more policy comes and goes.
const MORE: usize = 50;

/// What policies of one pod cost: one after the other, one more, all together.
pub(crate) fn all(count: usize) -> Result<Value, Box<dyn Error>> {
    let policies: Vec<_> = (0..count + MORE)
        .map(|number| made::<NetworkPolicy>(policy(number)))
        .collect::<Result<_, _>>()?;
    let (first, more) = policies.split_at(count);
    let mut node = Node::open()?;
    node.apply(|policies| {
        policies.apply_namespace(&*made::<Namespace>(json!({"metadata": {"name": "shop"}}))?);
        policies.apply_pod(made::<Pod>(pod())?);
        Ok(())
    })?;
    let mut sweeps = Sweeps(Instant::now());
    let applied = sweeps.each(&mut node, first, |node, policy| {
        node.change(|all| all.apply_policy(policy))
    })?;
    let added = sweeps.each(&mut node, more, |node, policy| {
        node.change(|all| all.apply_policy(policy))
    })?;
    let removed = sweeps.each(&mut node, more, |node, policy| {
        node.change(|all| all.remove_policy(&policy.object_name()))
    })?;
    let deleted = sweeps.each(&mut node, first, |node, policy| {
        node.change(|all| all.remove_policy(&policy.object_name()))
    })?;
    // Otherwise the rules that the kernel still has would be taken up again.
    node.sweep()?;
    let together = node.change(|all| first.iter().for_each(|policy| all.apply_policy(policy)))?;
    let names: Vec<ObjectName> = first.iter().map(|policy| policy.object_name()).collect();
    let gone = node.change(|all| names.iter().for_each(|name| all.remove_policy(name)))?;
    let swept = node.sweep()?;
    node.clear()?;
    Ok(json!({
        "all": {
            "applied one by one": applied.1.json(),
            "deleted one by one": deleted.1.json(),
            "applied together": together.json(),
            "deleted together": gone.json(),
            "then their rules removed": swept.json(),
        },
        "changes": {"one more": list(added.0.into_iter()), "one less": list(removed.0.into_iter())},
    }))
}

/// When rules without use are removed.
struct Sweeps(Instant);

impl Sweeps {
    /// Each change, and all of them with the sweeps between them.
    fn each(
        &mut self,
        node: &mut Node,
        policies: &[std::sync::Arc<NetworkPolicy>],
        mut change: impl FnMut(&mut Node, &NetworkPolicy) -> Result<Cost, Box<dyn Error>>,
    ) -> Result<(Vec<Cost>, Cost), Box<dyn Error>> {
        measured(|| {
            let mut costs = Vec::new();
            for policy in policies {
                costs.push(change(node, policy)?);
                if self.0.elapsed() >= SWEEP {
                    node.change(kinglet_policy::Policies::sweep)?;
                    self.0 = Instant::now();
                }
            }
            Ok(costs)
        })
    }
}

fn pod() -> Value {
    json!({
        "metadata": {"namespace": "shop", "name": "db", "labels": {"app": "db"}},
        "spec": {"nodeName": NODE, "containers": []},
        "status": {"phase": "Running", "podIP": "10.42.0.2", "podIPs": [{"ip": "10.42.0.2"}]},
    })
}

fn policy(number: usize) -> Value {
    let peers = json!([
        {"podSelector": {"matchLabels": {"role": format!("r{number}")}}},
        {"ipBlock": {"cidr": format!("192.0.{}.{}/32", number / 256, number % 256)}},
    ]);
    json!({
        "metadata": {"namespace": "shop", "name": format!("p{number}")},
        "spec": {
            "podSelector": {"matchLabels": {"app": "db"}},
            "ingress": [{"from": peers, "ports": [{"port": 1000 + number}, {"port": 80}]}],
        },
    })
}
