//! What is told of denied packets.

use serde_json::{Value, json};

use super::world::policy;
use crate::hello::{self, eventually};
use crate::lab::{Lab, is_possible};

fn pod(name: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "nodeName": node, "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "echo", "image": "kinglet/echo:1", "ports": [{"containerPort": 80}]}],
        },
    })
}

/// Two pods on two nodes, of which policies let neither be reached; how that is seen.
fn closed(variables: &[(&str, &str)], seen: &str) -> Lab {
    let lab = Lab::up_with(&["--nodes", "2", "--services", "netpol"], variables);
    lab.apply(&pod("one", "node-1"));
    lab.apply(&pod("two", "node-2"));
    lab.open("default/one", "default/two", "80");
    lab.apply(&policy(
        "default",
        "closed",
        json!({"podSelector": {}, "policyTypes": ["Ingress"]}),
    ));
    eventually(|| {
        let outcome = lab.probe("default/one", "default/two", "80");
        if outcome["result"] == seen {
            Ok(())
        } else {
            Err(outcome.to_string())
        }
    });
    lab
}

#[test]
fn packets_are_dropped_where_agents_are_told_so() {
    if !is_possible() || hello::newest_kubectl().is_none() {
        return;
    }
    let lab = closed(&[("KINGLET_NETWORK_POLICY_DENY", "drop")], "timeout");
    let outcome = lab.probe("default/one", "default/two", "80/udp");
    assert_eq!(outcome["result"], "timeout", "{outcome}");
}

#[test]
fn denied_packets_are_told_and_counted() {
    if !is_possible() || hello::newest_kubectl().is_none() {
        return;
    }
    let lab = closed(&[], "refused");
    eventually(|| {
        let log = lab.log_of("node-2", "agent");
        let lines = log.lines().filter(|line| line.starts_with('{'));
        let mut denials = lines.filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let told = denials.next_back().ok_or(log.clone())?;
        assert_eq!(told["node"], "node-2");
        assert_eq!(told["direction"], "ingress");
        assert_eq!(
            (&told["from"]["pod"], &told["to"]["pod"]),
            (&json!("default/one"), &json!("default/two"))
        );
        assert_eq!(
            (&told["protocol"], &told["to"]["port"]),
            (&json!("tcp"), &json!(80))
        );
        assert_eq!(told["policies"], json!(["default/closed"]));
        Ok(())
    });
    let count = "kinglet_netpol_denied_packets_total{namespace=\"default\",direction=\"ingress\"} ";
    eventually(|| {
        let mut asked = lab.node_command("node-2", "curl");
        let metrics = asked
            .args(["-s", "http://127.0.0.1:9901/metrics"])
            .output()
            .unwrap();
        let metrics = String::from_utf8(metrics.stdout).unwrap();
        let counted = metrics
            .lines()
            .find_map(|line| line.strip_prefix(count))
            .map(str::to_owned);
        match counted.map(|number| number.parse::<u64>()) {
            Some(Ok(1..)) => Ok(()),
            other => Err(format!("{other:?}: {metrics}")),
        }
    });
}
