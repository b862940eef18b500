//! What is known of a connection, in sentences.

use std::fmt::Write as _;
use std::net::IpAddr;

use kinglet_policy::{Answer, Endpoint, Explanation, Path, Question, Verdict};

use super::connection::{Report, Unknown, unknown};
use super::endpoint::label;
use super::objects::Objects;

/// The whole report.
pub(super) fn text(report: &Report, objects: &Objects) -> String {
    let mut text = String::new();
    if let Some(service) = &report.service {
        let word = word(report.verdict, &report.unknown());
        let pods = report.answers.len();
        // Writing to a text cannot fail.
        _ = writeln!(
            text,
            "{word}: to Service {service}, of which pods may answer: {pods}"
        );
    }
    for (question, answer) in &report.answers {
        text.push_str(&one(question, answer, objects));
    }
    text
}

fn word(verdict: Verdict, unknown: &[Unknown]) -> String {
    match verdict {
        Verdict::Allowed => "allowed".to_owned(),
        Verdict::Denied => "denied".to_owned(),
        Verdict::Depends => {
            let unknown: Vec<_> = unknown
                .iter()
                .map(|one| format!("the {}", one.as_str()))
                .collect();
            format!("depends on {}", unknown.join(" and on "))
        }
    }
}

fn one(question: &Question, answer: &Answer, objects: &Objects) -> String {
    let unknown = unknown(question, answer);
    let distinct = distinct(&answer.cases);
    if let Some(known) = known(question, &distinct) {
        return known;
    }
    let mut text = String::new();
    let (from, to) = (label(&question.from, objects), label(&question.to, objects));
    let word = word(answer.verdict, &unknown);
    _ = writeln!(text, "{word}: {from} to {to}, {}", question.transport);
    if let [only] = distinct[..] {
        only.reasons()
            .iter()
            .for_each(|line| _ = writeln!(text, "  {line}"));
        return text;
    }
    if unknown.contains(&Unknown::Address) {
        let rules: Vec<_> = answer.deciding().iter().map(ToString::to_string).collect();
        let rules = rules.join(", ");
        _ = writeln!(
            text,
            "  {rules}: matches by addresses. --pod-ip or --cluster-cidr tells which ones there are."
        );
    }
    for case in &distinct {
        let word = if case.evaluation.allowed() {
            "allowed"
        } else {
            "denied"
        };
        _ = writeln!(text, "  {word} if {}:", condition(question, case, &distinct));
        case.reasons()
            .iter()
            .for_each(|line| _ = writeln!(text, "    {line}"));
    }
    text
}

/// The explanations of a connection between addresses that are known.
fn known(question: &Question, cases: &[&Explanation]) -> Option<String> {
    let is_known = |end: &Endpoint| matches!(end, Endpoint::Addresses(_));
    let same_path = cases.windows(2).all(|pair| match pair {
        [one, other] => one.packet.path == other.packet.path,
        _ => true,
    });
    (is_known(&question.from) && is_known(&question.to) && same_path)
        .then(|| cases.iter().map(ToString::to_string).collect())
}

/// The cases that differ in more than addresses.
fn distinct(cases: &[Explanation]) -> Vec<&Explanation> {
    let mut distinct: Vec<&Explanation> = Vec::new();
    for case in cases {
        if !distinct.iter().any(|one| one.evaluation == case.evaluation) {
            distinct.push(case);
        }
    }
    distinct
}

/// When a case is the one that happens, of several that differ.
fn condition(question: &Question, case: &Explanation, all: &[&Explanation]) -> String {
    let differs =
        |address: fn(&Explanation) -> IpAddr| all.iter().any(|other| address(other) != address(case));
    let mut conditions = Vec::new();
    let source: fn(&Explanation) -> IpAddr = |case| case.packet.source;
    let destination: fn(&Explanation) -> IpAddr = |case| case.packet.destination;
    for (end, address) in [(&question.from, source), (&question.to, destination)] {
        if let Endpoint::Unknown(pod, _) = end
            && differs(address)
        {
            let pod = pod.metadata.object_name();
            conditions.push(format!("{pod} has an address such as {}", address(case)));
        }
    }
    if all.iter().any(|other| other.packet.path != case.packet.path) {
        conditions.push(match case.packet.path {
            Path::FromNode => format!("{} is the node of the pod", case.packet.source),
            Path::ToNode => format!("{} is the node of the pod", case.packet.destination),
            Path::Forwarded => "the pod runs on another node".to_owned(),
        });
    }
    conditions.join(" and ")
}
