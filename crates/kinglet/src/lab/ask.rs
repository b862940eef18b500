//! What people and scripts ask a running lab.

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use kinglet_config::{LabInside, LabProbe, OutputFormat, TransportProtocol};
use kinglet_lab::{Description, Entry, Outcome, Target};
use kinglet_model::Protocol;
use serde_json::json;

/// Tells which labs are up.
pub(super) fn status(root: &Path, name: Option<&str>, output: OutputFormat) -> Result<()> {
    let entries = match name {
        Some(name) => vec![Entry::of(root, name)],
        None => Entry::all(root),
    };
    let known: Vec<(String, Option<Description>)> = entries
        .iter()
        .map(|entry| (entry.name().to_owned(), entry.description().ok()))
        .collect();
    let mut out = anstream::stdout();
    if output == OutputFormat::Json {
        let labs: Vec<_> = known
            .iter()
            .map(|(name, description)| json!({"name": name, "up": description.is_some(), "lab": description}))
            .collect();
        writeln!(out, "{}", json!({ "labs": labs }))?;
    } else if known.is_empty() {
        writeln!(out, "no lab is up; `kinglet lab up` starts one")?;
    } else {
        for (name, description) in &known {
            describe(&mut out, name, description.as_ref())?;
        }
    }
    match (name, known.first()) {
        (Some(name), Some((_, None))) => bail!("lab {name} is not up"),
        _ => Ok(()),
    }
}

fn describe(out: &mut impl Write, name: &str, description: Option<&Description>) -> Result<()> {
    let Some(lab) = description else {
        writeln!(
            out,
            "{name}: not up (`kinglet lab down --name {name}` removes what is left)"
        )?;
        return Ok(());
    };
    let list = |all: &[std::net::IpAddr]| join(all);
    writeln!(out, "{name}: up, process {}", lab.pid)?;
    writeln!(out, "  kubectl --kubeconfig {}", lab.kubeconfig.display())?;
    writeln!(out, "  {:<10} {}", "client", list(&lab.client))?;
    for node in &lab.nodes {
        let external = match node.external_addresses.as_slice() {
            [] => String::new(),
            all => format!(", external {}", list(all)),
        };
        let (addresses, pods) = (list(&node.addresses), join(&node.pod_cidrs));
        writeln!(out, "  {:<10} {addresses}{external}, pods {pods}", node.name)?;
    }
    Ok(())
}

fn join<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}

/// Becomes a command inside a place.
pub(super) fn exec(root: &Path, inside: &LabInside, place: &str) -> Result<()> {
    let entry = running(root, &inside.lab.name)?;
    let place = entry.place(place)?;
    let mut words = inside.command.iter();
    let program = words.next().context("no command is given")?;
    let mut command = Command::new(program);
    command.args(words).env("HOSTNAME", &place.description.hostname);
    let error = place.exec(&mut command);
    Err(error).with_context(|| format!("{program} in {}", place.description.label))
}

fn running(root: &Path, name: &str) -> Result<Entry> {
    let entry = Entry::of(root, name);
    entry.description()?;
    Ok(entry)
}

/// Makes a probe and prints its outcome.
pub(super) fn probe(root: &Path, options: &LabProbe) -> Result<()> {
    let entry = running(root, &options.lab.name)?;
    let from = entry.place(&options.from)?;
    let timeout = Duration::try_from_secs_f64(options.timeout).context("--timeout")?;
    let target = Target {
        host: host(&entry, options)?,
        port: options.port.port,
        protocol: match options.port.protocol {
            TransportProtocol::Udp => Protocol::Udp,
            // The option takes no SCTP.
            TransportProtocol::Tcp | TransportProtocol::Sctp => Protocol::Tcp,
        },
        family: options.ip_family.map(super::options::family),
        timeout,
    };
    let outcome = kinglet_lab::probe(&from, &target)?;
    let mut out = anstream::stdout();
    match options.output {
        OutputFormat::Json => writeln!(out, "{}", serde_json::to_string(&outcome)?)?,
        OutputFormat::Text => writeln!(out, "{}", sentence(&outcome))?,
    }
    Ok(())
}

/// The address of a pod, or what is given.
fn host(entry: &Entry, options: &LabProbe) -> Result<String> {
    let family = options.ip_family.map(super::options::family);
    if !options.to.contains('/') {
        return Ok(options.to.clone());
    }
    let pod = entry.place(&options.to)?;
    let address = pod
        .description
        .addresses
        .iter()
        .find(|address| family.is_none_or(|family| family.is_of(**address)));
    let address = address.with_context(|| format!("{} has no address of that family", options.to))?;
    Ok(address.to_string())
}

fn sentence(outcome: &Outcome) -> String {
    let mut text = outcome.result.as_str().to_owned();
    if let Some(pod) = &outcome.pod {
        text += &format!(" {pod}");
    }
    if let Some(node) = &outcome.node {
        text += &format!(" on {node}");
    }
    if let Some(client) = outcome.client {
        text += &format!(", saw client {client}");
    }
    if let Some(error) = &outcome.error {
        text += &format!(" ({error})");
    }
    text
}

/// Prints what a pod's containers have written.
pub(super) fn logs(root: &Path, name: &str, pod: &str, container: Option<&str>) -> Result<()> {
    let place = running(root, name)?.place(pod)?;
    let text = kinglet_lab::logs(&place, container)?;
    if text.is_empty() {
        match container {
            Some(container) => bail!("container {container:?} of {pod} has written nothing"),
            None => bail!("{pod} has written nothing"),
        }
    }
    anstream::stdout().write_all(&text)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use kinglet_lab::Verdict;

    #[test]
    fn outcomes_for_people() {
        let open = Outcome {
            result: Verdict::Open,
            pod: Some("shop/web".to_owned()),
            node: Some("node-2".to_owned()),
            image: None,
            client: Some([10, 42, 1, 2].into()),
            ms: 0.2,
            error: None,
        };
        assert_eq!(sentence(&open), "open shop/web on node-2, saw client 10.42.1.2");
        let closed = Outcome {
            result: Verdict::Refused,
            pod: None,
            node: None,
            client: None,
            error: Some("Connection refused".to_owned()),
            ..open
        };
        assert_eq!(sentence(&closed), "refused (Connection refused)");
    }
}
