//! `kinglet explain`: whether the policies of a cluster, or of manifests, allow a connection, and why.

mod endpoint;
mod json;
mod manifests;
mod matrix;
mod objects;
mod placeholder;

use std::io::Write as _;

use anyhow::{Context, Result};
use kinglet_config::{ExplainPolicy, ExplainTopic, OutputFormat, PortProtocol, TransportProtocol};
use kinglet_model::Protocol;
use kinglet_policy::{Explanation, PolicySettings, Transport};

use self::endpoint::Endpoint;
use self::objects::Objects;

/// Explains a topic.
pub(crate) async fn run(topic: ExplainTopic) -> Result<()> {
    match topic {
        ExplainTopic::Policy(options) => policy(options).await,
    }
}

async fn policy(options: ExplainPolicy) -> Result<()> {
    let objects = match &options.manifests {
        Some(path) => Objects::of_manifests(kinglet_addons::read(path)?)?,
        None => Objects::of_cluster(options.kubeconfig.as_deref()).await?,
    };
    for problem in objects.cluster.problems() {
        anstream::eprintln!("warning: {problem}");
    }
    let transport = transport(options.port);
    let text = if options.all {
        let settings = PolicySettings::default();
        let reached = objects
            .cluster
            .reachability(&options.namespace, transport, &settings);
        match options.output {
            OutputFormat::Text => matrix::text(&reached, &options.namespace, transport),
            OutputFormat::Json => json::matrix(&reached).to_string() + "\n",
        }
    } else {
        let explanations = explain(&objects, &options, transport)?;
        match options.output {
            OutputFormat::Text => sentences(&explanations),
            OutputFormat::Json => json::explanations(&explanations).to_string() + "\n",
        }
    };
    Ok(anstream::stdout().write_all(text.as_bytes())?)
}

fn transport(port: PortProtocol) -> Transport {
    let protocol = match port.protocol {
        TransportProtocol::Tcp => Protocol::Tcp,
        TransportProtocol::Udp => Protocol::Udp,
        TransportProtocol::Sctp => Protocol::Sctp,
    };
    Transport::Port(protocol, port.port)
}

/// One explanation for each address family that both ends have.
fn explain(objects: &Objects, options: &ExplainPolicy, transport: Transport) -> Result<Vec<Explanation>> {
    let end = |flag: &'static str, text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        Endpoint::parse(text, objects).with_context(|| format!("{flag} {text}"))
    };
    let (from, to) = (end("--from", &options.from)?, end("--to", &options.to)?);
    let packets = endpoint::packets(objects, &from, &to, transport)?;
    let settings = PolicySettings::default();
    let explained = packets
        .iter()
        .map(|packet| objects.cluster.explain(packet, &settings));
    Ok(explained.collect())
}

/// The sentences of each explanation; once if they are the same in both families.
fn sentences(explanations: &[Explanation]) -> String {
    let mut distinct: Vec<&Explanation> = Vec::new();
    for explanation in explanations {
        if !distinct
            .iter()
            .any(|one| one.evaluation == explanation.evaluation)
        {
            distinct.push(explanation);
        }
    }
    let texts = distinct
        .iter()
        .map(|explanation| placeholder::hide(&explanation.to_string()));
    texts.collect()
}
