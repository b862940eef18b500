//! Explanations as JSON.

use std::net::IpAddr;

use kinglet_model::ObjectName;
use kinglet_policy::{
    Decision, Endpoint, Evaluation, Explanation, Miss, Question, Reachability, Remedy, RemedyKind, RuleName,
    Side, Verdict,
};
use serde_json::{Value, json};

use super::connection::Report;

/// `{"verdict": WORD, "allowed": BOOL or null, "dependsOn": [...], "decidedBy": [...], "explanations":
/// [...]}`, with one explanation for each case.
pub(super) fn report(report: &Report) -> Value {
    let unknown: Vec<_> = report.unknown().into_iter().map(|one| one.as_str()).collect();
    let answers = report.answers.iter();
    let deciding = answers
        .clone()
        .filter(|(_, answer)| answer.verdict == Verdict::Depends);
    let deciding = deciding.flat_map(|(_, answer)| answer.deciding());
    let explanations = answers.flat_map(|(question, answer)| {
        let cases = answer.cases.iter();
        cases.map(move |case| explanation(question, case))
    });
    let mut value = json!({
        "verdict": word(report.verdict),
        "allowed": match report.verdict {
            Verdict::Allowed => Some(true),
            Verdict::Denied => Some(false),
            Verdict::Depends => None,
        },
        "dependsOn": unknown,
        "decidedBy": deciding.map(|one| rule(&one)).collect::<Vec<_>>(),
        "explanations": explanations.collect::<Vec<_>>(),
    });
    if let Some(service) = &report.service {
        value["service"] = service.to_string().into();
    }
    value
}

/// `{"pods": [NAME...], "verdicts": [[WORD or null...]...]}`: a row for each source.
pub(super) fn matrix(reached: &Reachability) -> Value {
    let row = |cells: &Vec<Option<Verdict>>| cells.iter().map(|cell| cell.map(word)).collect::<Vec<_>>();
    let verdicts: Vec<_> = reached.cells.iter().map(row).collect();
    json!({"pods": names(&reached.pods), "verdicts": verdicts})
}

fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Allowed => "allowed",
        Verdict::Denied => "denied",
        Verdict::Depends => "depends",
    }
}

/// An end; where its address is not known, the one that the case assumes.
fn end(end: &Endpoint, pod: &Option<ObjectName>, address: IpAddr) -> Value {
    let pod = pod.as_ref().map(ToString::to_string);
    match end {
        Endpoint::Addresses(_) => json!({"pod": pod, "address": address}),
        Endpoint::Unknown(..) => json!({"pod": pod, "address": null, "assumed": address}),
    }
}

fn explanation(question: &Question, explanation: &Explanation) -> Value {
    let packet = &explanation.packet;
    let mut value = json!({
        "allowed": explanation.evaluation.allowed(),
        "from": end(&question.from, &explanation.source, packet.source),
        "to": end(&question.to, &explanation.destination, packet.destination),
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
