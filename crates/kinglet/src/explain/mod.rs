//! `kinglet explain`: what the policies of a cluster, or of manifests, do with a connection.

mod ends;
mod json;
mod known;
mod matrix;
mod stand_in;

use std::io::Write as _;

use anyhow::{Context, Result};
use kinglet_config::{ExplainPolicy, ExplainTopic, OutputFormat, PortProtocol, TransportProtocol};
use kinglet_model::Protocol;
use kinglet_policy::{Explanation, Settings, Transport};

use self::known::Known;

/// Explains a topic.
pub(crate) async fn run(topic: ExplainTopic) -> Result<()> {
    match topic {
        ExplainTopic::Policy(options) => policy(options).await,
    }
}

async fn policy(options: ExplainPolicy) -> Result<()> {
    let known = match &options.manifests {
        Some(path) => Known::of_manifests(kinglet_addons::read(path)?)?,
        None => Known::of_cluster(options.kubeconfig.as_deref()).await?,
    };
    for problem in known.cluster.problems() {
        anstream::eprintln!("warning: {problem}");
    }
    let transport = transport(options.port);
    let text = if options.all {
        let settings = Settings::default();
        let reached = known
            .cluster
            .reachability(&options.namespace, transport, &settings);
        match options.output {
            OutputFormat::Text => matrix::text(&reached, &options.namespace, transport),
            OutputFormat::Json => json::matrix(&reached).to_string() + "\n",
        }
    } else {
        let explanations = explain(&known, &options, transport)?;
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

/// One explanation for each family that both ends have.
fn explain(known: &Known, options: &ExplainPolicy, transport: Transport) -> Result<Vec<Explanation>> {
    let end = |flag: &'static str, text: &Option<String>| {
        let text = text.as_deref().unwrap_or_default();
        known.end(text).with_context(|| format!("{flag} {text}"))
    };
    let (from, to) = (end("--from", &options.from)?, end("--to", &options.to)?);
    let packets = known.packets(&from, &to, transport)?;
    let settings = Settings::default();
    let explained = packets
        .iter()
        .map(|packet| known.cluster.explain(packet, &settings));
    Ok(explained.collect())
}

/// What is the same in both families is told once.
fn sentences(explanations: &[Explanation]) -> String {
    let mut told: Vec<&Explanation> = Vec::new();
    for explanation in explanations {
        if !told.iter().any(|one| one.evaluation == explanation.evaluation) {
            told.push(explanation);
        }
    }
    let texts = told
        .iter()
        .map(|explanation| stand_in::hide(&explanation.to_string()));
    texts.collect()
}
