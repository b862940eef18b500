//! Which pods reach which, as a table.

use std::fmt::Write as _;

use std::sync::Arc;

use anstyle::{AnsiColor, Style};
use kinglet_config::{PortChoice, TransportProtocol};
use kinglet_model::ObjectName;
use kinglet_policy::{Reachability, Verdict};

const ALLOWED: Style = AnsiColor::Green.on_default();
const DENIED: Style = AnsiColor::Red.on_default();
const DEPENDS: Style = AnsiColor::Yellow.on_default();

/// The table, with a row for each source; columns are the numbers of destinations, since names would not fit.
pub(super) fn text(reached: &Reachability, namespaces: &[Arc<str>], port: &PortChoice) -> String {
    let listed = namespaces.join(", ");
    if reached.pods.is_empty() {
        return format!("no pods with addresses of their own in: {listed}\n");
    }
    // One namespace need not be repeated in each row.
    let name = |pod: &ObjectName| match namespaces {
        [_] => pod.name.to_string(),
        _ => pod.to_string(),
    };
    let names = reached.pods.iter().map(name);
    let width = names.clone().map(|name| name.len()).max().unwrap_or_default();
    let number = reached.pods.len().to_string().len();
    let mut text = format!(
        "{} in {listed}: rows are sources; + reaches, x does not, ? depends on the address, . no common family or port\n",
        words(port)
    );
    let _ = write!(text, "{:width$} {:number$}", "", "");
    for column in 1..=reached.pods.len() {
        let _ = write!(text, " {column:>number$}");
    }
    text.push('\n');
    for (row, (name, cells)) in names.zip(&reached.cells).enumerate() {
        let _ = write!(text, "{name:width$} {:>number$}", row + 1);
        for cell in cells {
            let (style, sign) = match cell {
                Some(Verdict::Allowed) => (ALLOWED, "+"),
                Some(Verdict::Denied) => (DENIED, "x"),
                Some(Verdict::Depends) => (DEPENDS, "?"),
                None => (Style::new(), "."),
            };
            let _ = write!(text, " {style}{sign:>number$}{style:#}");
        }
        text.push('\n');
    }
    text
}

fn words(port: &PortChoice) -> String {
    let protocol = |one| match one {
        TransportProtocol::Tcp => "tcp",
        TransportProtocol::Udp => "udp",
        TransportProtocol::Sctp => "sctp",
    };
    match port {
        PortChoice::Number(port) => format!("{} {}", protocol(port.protocol), port.port),
        PortChoice::Name(name, None) => format!("port {name}"),
        PortChoice::Name(name, Some(one)) => format!("port {name}/{}", protocol(*one)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_columns() {
        let reached = Reachability {
            pods: ["a", "long"].map(|name| ObjectName::new("x", name)).into(),
            cells: vec![
                vec![Some(Verdict::Allowed), Some(Verdict::Denied)],
                vec![None, Some(Verdict::Depends)],
            ],
        };
        let port = "80".parse().unwrap();
        let told = |namespaces: &[&str]| {
            let namespaces: Vec<Arc<str>> = namespaces.iter().map(|name| (*name).into()).collect();
            let text = text(&reached, &namespaces, &port);
            let plain = anstream::adapter::strip_str(&text).to_string();
            plain.lines().map(str::to_owned).skip(1).collect::<Vec<_>>()
        };
        assert_eq!(told(&["x"]), ["       1 2", "a    1 + x", "long 2 . ?"]);
        assert_eq!(
            told(&["x", "y"]),
            ["         1 2", "x/a    1 + x", "x/long 2 . ?"]
        );
    }
}
