//! The map of the demo's cluster.

use std::io::{self, Write};
use std::net::IpAddr;

use kinglet_lab::Description;

use super::sample::SamplePod;
use crate::demo::style::{NOTE, TITLE};

/// Prints who is where.
pub(super) fn print(out: &mut impl Write, lab: &Description, pods: &[SamplePod]) -> io::Result<()> {
    writeln!(out, "\n{TITLE}Kinglet is up and everything answers.{TITLE:#}\n")?;
    writeln!(out, "  client {}", list(&lab.client))?;
    writeln!(out, "    │")?;
    writeln!(out, "  outside network {NOTE}(router, API server){NOTE:#}")?;
    for (index, node) in lab.nodes.iter().enumerate() {
        let last = index + 1 == lab.nodes.len();
        let (branch, trunk) = if last { ("└", " ") } else { ("├", "│") };
        let role = if index == 0 {
            " (Kinglet server: DNS, ingress, controllers)"
        } else {
            ""
        };
        writeln!(
            out,
            "    {branch}── {TITLE}{}{TITLE:#} {}{NOTE}{role}{NOTE:#}",
            node.name,
            list(&node.addresses)
        )?;
        let mut own = pods.iter().filter(|pod| pod.node == node.name).peekable();
        while let Some(pod) = own.next() {
            let branch = if own.peek().is_some() { "├" } else { "└" };
            let (label, addresses) = (pod.label(), list(&pod.addresses));
            writeln!(out, "    {trunk}     {branch}── {label} {addresses}")?;
        }
    }
    writeln!(out)
}

fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(" ")
}
