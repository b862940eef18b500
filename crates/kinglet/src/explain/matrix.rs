//! Which pods reach which, as a table.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};
use kinglet_policy::{Reachability, Transport};

const ALLOWED: Style = AnsiColor::Green.on_default();
const DENIED: Style = AnsiColor::Red.on_default();

/// The table, with a row for each source; columns are the numbers of destinations, since names would not fit.
pub(super) fn text(reached: &Reachability, namespace: &str, transport: Transport) -> String {
    if reached.pods.is_empty() {
        return format!("namespace {namespace} has no pods with addresses of their own\n");
    }
    let names = reached.pods.iter().map(|pod| &*pod.name);
    let width = names.clone().map(str::len).max().unwrap_or_default();
    let number = reached.pods.len().to_string().len();
    let mut text = format!(
        "{transport} in namespace {namespace}: rows are sources; + reaches, x does not, . no common family\n"
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
                Some(true) => (ALLOWED, "+"),
                Some(false) => (DENIED, "x"),
                None => (Style::new(), "."),
            };
            let _ = write!(text, " {style}{sign:>number$}{style:#}");
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use kinglet_model::{ObjectName, Protocol};

    use super::*;

    #[test]
    fn rows_and_columns() {
        let reached = Reachability {
            pods: ["a", "long"].map(|name| ObjectName::new("x", name)).into(),
            cells: vec![vec![Some(true), Some(false)], vec![None, Some(true)]],
        };
        let text = text(&reached, "x", Transport::Port(Protocol::Tcp, 80));
        let plain = anstream::adapter::strip_str(&text).to_string();
        let lines: Vec<&str> = plain.lines().skip(1).collect();
        assert_eq!(lines, ["       1 2", "a    1 + x", "long 2 . +"]);
    }
}
