//! Explanations as JSON.

use kinglet_model::ObjectName;
use kinglet_policy::{
    Decision, Evaluation, Explanation, Miss, Reachability, Remedy, RemedyKind, RuleName, Side,
};
use serde_json::{Value, json};

use super::placeholder;

/// `{"allowed": BOOL, "explanations": [...]}`, one explanation for each family; allowed if all are.
pub(super) fn explanations(explanations: &[Explanation]) -> Value {
    json!({
        "allowed": explanations.iter().all(|one| one.evaluation.allowed()),
        "explanations": explanations.iter().map(explanation).collect::<Vec<_>>(),
    })
}

/// `{"pods": [NAME...], "reached": [[BOOL or null...]...]}`: a row for each source.
pub(super) fn matrix(reached: &Reachability) -> Value {
    json!({"pods": names(&reached.pods), "reached": reached.cells})
}

fn explanation(explanation: &Explanation) -> Value {
    let end = |pod: &Option<ObjectName>, address: std::net::IpAddr| {
        let known = (!placeholder::is_placeholder(address)).then_some(address);
        json!({"pod": pod.as_ref().map(ToString::to_string), "address": known})
    };
    let mut value = json!({
        "allowed": explanation.evaluation.allowed(),
        "from": end(&explanation.source, explanation.packet.source),
        "to": end(&explanation.destination, explanation.packet.destination),
        "port": explanation.packet.transport.to_string(),
        "misses": explanation.misses.iter().map(miss).collect::<Vec<_>>(),
        "remedies": explanation.remedies.iter().map(remedy).collect::<Vec<_>>(),
    });
    match &explanation.evaluation {
        Evaluation::Exempt(exemption) => value["exempt"] = exemption.to_string().into(),
        Evaluation::Policed { egress, ingress } => {
            value["egress"] = side(egress);
            value["ingress"] = side(ingress);
        }
    }
    value
}

fn side(side: &Side) -> Value {
    let allowed = side.allowed();
    let Side::Pod {
        pod,
        passed,
        decision,
    } = side
    else {
        return json!({"allowed": allowed, "isolated": false});
    };
    let mut value = json!({"allowed": allowed, "isolated": false, "pod": pod.to_string()});
    if let Some(passed) = passed {
        value["passedOnBy"] = rule(passed);
    }
    match decision {
        Decision::Open => {}
        Decision::Itself => value["isolated"] = true.into(),
        Decision::Isolated { policies, rules } => {
            value["isolated"] = true.into();
            value["policies"] = names(policies).into();
            value["rules"] = rules.iter().map(rule).collect();
        }
        Decision::Tier {
            tier,
            rule: decisive,
            action,
        } => {
            value["tier"] = tier.to_string().into();
            value["action"] = action.to_string().into();
            value["rules"] = json!([rule(decisive)]);
        }
    }
    value
}

fn rule(rule: &RuleName) -> Value {
    let field = format!("spec.{}[{}]", rule.direction, rule.number);
    json!({"policy": rule.policy.to_string(), "field": field})
}

fn miss(miss: &Miss) -> Value {
    json!({"rule": rule(&miss.rule), "peerMissing": miss.peer, "portMissing": miss.port})
}

fn remedy(remedy: &Remedy) -> Value {
    let mut value = json!({"direction": remedy.direction.to_string(), "pod": remedy.pod.to_string()});
    match &remedy.kind {
        RemedyKind::Allow {
            policies,
            lack_port,
            lack_peer,
        } => {
            value["policies"] = names(policies).into();
            value["lackPort"] = lack_port.iter().map(rule).collect();
            value["lackPeer"] = lack_peer.iter().map(rule).collect();
        }
        RemedyKind::Before { tier, rule: denying } => {
            value["tier"] = tier.to_string().into();
            value["before"] = rule(denying);
        }
    }
    value
}

fn names(names: &[ObjectName]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}
