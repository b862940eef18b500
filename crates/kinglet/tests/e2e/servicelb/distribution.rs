//! Endpoints on the node that the client came to.

use serde_json::json;

use super::{is_possible, pod, service, wait_for_addresses};
use crate::hello::eventually;
use crate::lab::Lab;

/// Who answers ten connections to a node, and whom they see, each once.
fn answers(lab: &Lab, node: &str) -> Vec<String> {
    let answer = |_| {
        let seen = lab.open("client", node, "8081");
        format!(
            "{} sees {}",
            seen["pod"].as_str().unwrap(),
            seen["client"].as_str().unwrap()
        )
    };
    let mut answers: Vec<String> = (0..10).map(answer).collect();
    answers.sort();
    answers.dedup();
    answers
}

fn wait_for_answers(lab: &Lab, node: &str, expected: &str) {
    eventually(|| {
        let found = answers(lab, node);
        if found == [expected] {
            Ok(())
        } else {
            Err(format!("{node}: {found:?}, not {expected}"))
        }
    });
}

#[test]
fn a_client_keeps_its_address_where_it_can_be() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2"]);
    lab.apply(&pod("one", "node-1", "web"));
    lab.apply(&pod("two", "node-2", "web"));
    let near = json!({"trafficDistribution": "PreferSameNode"});
    lab.apply(&service("web", "web", 8081, near));
    wait_for_addresses(&lab, "web", &["198.18.0.11", "198.18.0.12"]);
    wait_for_answers(&lab, "198.18.0.11", "default/one sees 198.18.1.2");
    wait_for_answers(&lab, "198.18.0.12", "default/two sees 198.18.1.2");
    // Without an endpoint of its own a node goes on serving, unlike with the policy Local.
    lab.kubectl(&["delete", "pod", "two", "--wait=true"]);
    wait_for_answers(&lab, "198.18.0.12", "default/one sees 198.18.0.12");
    wait_for_answers(&lab, "198.18.0.11", "default/one sees 198.18.1.2");
}
