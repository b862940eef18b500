//! `kinglet explain`: whether the policies of a cluster, or of manifests, allow a connection, and why.

mod connection;
mod endpoint;
mod json;
mod manifests;
mod matrix;
mod objects;
mod port;
mod sentences;

use std::io::Write as _;
use std::process::ExitCode;
use std::sync::Arc;

use anyhow::Result;
use kinglet_config::{ExplainPolicy, ExplainTopic, OutputFormat};
use kinglet_policy::{PolicySettings, Verdict};

use self::objects::Objects;

/// Explains a topic; the exit code tells the result.
pub(crate) async fn run(topic: ExplainTopic) -> Result<ExitCode> {
    match topic {
        ExplainTopic::Policy(options) => policy(&options).await,
    }
}

async fn policy(options: &ExplainPolicy) -> Result<ExitCode> {
    let objects = Objects::read(options).await?;
    for problem in objects.cluster.problems() {
        anstream::eprintln!("warning: {problem}");
    }
    let (text, code) = if options.all {
        (everybody(&objects, options)?, 0)
    } else {
        let report = connection::explain(&objects, options)?;
        let text = match options.output {
            OutputFormat::Text => sentences::text(&report, &objects),
            OutputFormat::Json => json::report(&report).to_string() + "\n",
        };
        (text, code(report.verdict))
    };
    anstream::stdout().write_all(text.as_bytes())?;
    Ok(ExitCode::from(code))
}

/// 2 stands for errors.
fn code(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Allowed => 0,
        Verdict::Denied => 1,
        Verdict::Depends => 3,
    }
}

/// Who reaches whom.
fn everybody(objects: &Objects, options: &ExplainPolicy) -> Result<String> {
    let namespaces: Vec<Arc<str>> = if options.all_namespaces {
        objects.namespaces.iter().cloned().collect()
    } else {
        options
            .namespaces
            .iter()
            .map(|name| name.as_str().into())
            .collect()
    };
    for namespace in &namespaces {
        objects.has_namespace(namespace)?;
    }
    let settings = PolicySettings::default();
    // A name that stands for several ports of a pod is the first of them.
    let transport = |pod: &kinglet_model::Pod| port::named(&options.port, pod).first().copied();
    let cluster = &objects.cluster;
    let reached = cluster.reachability(&namespaces, transport, &objects.networks, &settings);
    Ok(match options.output {
        OutputFormat::Text => matrix::text(&reached, &namespaces, &options.port),
        OutputFormat::Json => json::matrix(&reached).to_string() + "\n",
    })
}
