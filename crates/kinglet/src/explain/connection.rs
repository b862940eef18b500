//! What is asked about one connection, and what is known of it.

use anyhow::{Context, Result, bail, ensure};
use kinglet_config::{ExplainPolicy, PortChoice};
use kinglet_model::{Object, ObjectName, Service};
use kinglet_policy::{Answer, Endpoint, Path, PolicySettings, Question, Transport, Verdict};

use super::endpoint::{self, Named};
use super::objects::Objects;
use super::port;

/// What is known of a connection.
pub(super) struct Report {
    pub(super) verdict: Verdict,
    /// The Service that was named.
    pub(super) service: Option<ObjectName>,
    /// Of a Service, one for each of its pods.
    pub(super) answers: Vec<(Question, Answer)>,
}

/// What an answer depends on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknown {
    /// The address of a pod that has none.
    Address,
    /// The node that runs a pod.
    Node,
    /// Which pod of a Service the connection gets.
    Endpoint,
}

impl Unknown {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Address => "address",
            Self::Node => "node",
            Self::Endpoint => "endpoint",
        }
    }
}

/// Answers what `--from`, `--to` and `--port` ask.
pub(super) fn explain(objects: &Objects, options: &ExplainPolicy) -> Result<Report> {
    let (from, to) = (text(&options.from), text(&options.to));
    let source = source(from, objects).with_context(|| format!("--from {from}"))?;
    let named = Named::parse(to, objects).with_context(|| format!("--to {to}"))?;
    let service = match named {
        Named::Service(service) => Some(service.object_name()),
        Named::Pod(_) | Named::Address(_) => None,
    };
    let targets = targets(&named, &options.port, objects).with_context(|| format!("--to {to}"))?;
    let mut answers = Vec::new();
    for (endpoint, transport) in targets {
        let question = Question {
            from: source.clone(),
            to: endpoint,
            transport,
        };
        let paths = |one, other| endpoint::paths(objects, [(one, &question.from), (other, &question.to)]);
        if let Some(answer) = objects
            .cluster
            .answer(&question, paths, &PolicySettings::default())
        {
            answers.push((question, answer));
        }
    }
    let verdict = Verdict::of_alternatives(answers.iter().map(|(_, answer)| answer.verdict));
    Ok(Report {
        verdict: verdict.context("--from and --to have no address family in common")?,
        service,
        answers,
    })
}

fn text(option: &Option<String>) -> &str {
    option.as_deref().unwrap_or_default()
}

fn source(text: &str, objects: &Objects) -> Result<Endpoint> {
    match Named::parse(text, objects)? {
        Named::Pod(pod) => endpoint::of_pod(&pod, objects),
        Named::Address(address) => Ok(Endpoint::Addresses(vec![address])),
        Named::Service(_) => bail!("this is a Service: connections come from pods and other addresses"),
    }
}

/// The ends to which the connection may go, with the port there.
fn targets(named: &Named<'_>, port: &PortChoice, objects: &Objects) -> Result<Vec<(Endpoint, Transport)>> {
    match named {
        Named::Address(address) => {
            let transport = match objects.cluster.owner(*address) {
                Some(pod) => port::of_pod(port, pod)?,
                None => port::of_address(port)?,
            };
            Ok(vec![(Endpoint::Addresses(vec![*address]), transport)])
        }
        Named::Pod(pod) => Ok(vec![(endpoint::of_pod(pod, objects)?, port::of_pod(port, pod)?)]),
        Named::Service(service) => backends(service, port, objects),
    }
}

/// The pods of a Service, with their ports.
fn backends(service: &Service, port: &PortChoice, objects: &Objects) -> Result<Vec<(Endpoint, Transport)>> {
    let pods = endpoint::selected(service, objects)?;
    let is_direct = service.headless && matches!(port, PortChoice::Number(_));
    let mut backends = Vec::new();
    for pod in pods {
        // Without an address of its own, a Service has no port of its own: a number is that of the pods.
        let transport = if is_direct {
            Some(port::of_pod(port, &pod)?)
        } else {
            port::target(port::of_service(port, service)?, &pod)
        };
        // A pod without a port of that name is no endpoint.
        if let Some(transport) = transport {
            let endpoint = endpoint::of_pod(&pod, objects);
            backends.push((
                endpoint.with_context(|| pod.object_name().to_string())?,
                transport,
            ));
        }
    }
    ensure!(
        !backends.is_empty(),
        "none of its pods has the port that the Service leads to"
    );
    Ok(backends)
}

impl Report {
    /// What the verdict depends on.
    pub(super) fn unknown(&self) -> Vec<Unknown> {
        let mut all: Vec<Unknown> = Vec::new();
        for (question, answer) in &self.answers {
            all.extend(unknown(question, answer));
        }
        let mut verdicts = self.answers.iter().map(|(_, answer)| answer.verdict);
        if let Some(first) = verdicts.next()
            && verdicts.any(|other| other != first)
        {
            all.push(Unknown::Endpoint);
        }
        let mut distinct = Vec::new();
        all.retain(|one| {
            !distinct.contains(one) && {
                distinct.push(*one);
                true
            }
        });
        all
    }
}

/// What an answer depends on.
pub(super) fn unknown(question: &Question, answer: &Answer) -> Vec<Unknown> {
    if answer.verdict != Verdict::Depends {
        return Vec::new();
    }
    let mut all = Vec::new();
    // A rule that decides in some cases only does so by the address.
    let is_unknown = |end: &Endpoint| matches!(end, Endpoint::Unknown(..));
    if (is_unknown(&question.from) || is_unknown(&question.to)) && !answer.deciding().is_empty() {
        all.push(Unknown::Address);
    }
    let has = |wanted: fn(Path) -> bool| answer.cases.iter().any(|case| wanted(case.packet.path));
    if has(|path| path == Path::Forwarded) && has(|path| path != Path::Forwarded) {
        all.push(Unknown::Node);
    }
    all
}
