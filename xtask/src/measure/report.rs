//! The figures as a table and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::counts::Counts;

/// One row.
pub(super) struct Row {
    pub(super) name: String,
    pub(super) crates: usize,
    pub(super) counts: Counts,
}

const HEADINGS: &[&str] = &[
    "crate",
    "files",
    "lines",
    "file median / p90 / max",
    "fn median / p90 / p99 / max",
    "doc % / comment %",
    "comments per 1,000",
    "tests",
    "unsafe",
    "fns with ≥ 7 args",
    "clone per 1,000",
    "unwrap per 1,000",
    "files with module doc",
];

/// A Markdown table.
pub(super) fn table(rows: &[Row]) -> String {
    let cells: Vec<Vec<String>> = rows.iter().map(cells).collect();
    let width = |column: usize, heading: &str| {
        let of_cells = cells
            .iter()
            .filter_map(|row| row.get(column))
            .map(|cell| cell.chars().count());
        of_cells
            .chain([heading.chars().count()])
            .max()
            .unwrap_or_default()
    };
    let widths: Vec<usize> = HEADINGS
        .iter()
        .enumerate()
        .map(|(column, heading)| width(column, heading))
        .collect();
    let headings: Vec<String> = HEADINGS.iter().map(|heading| (*heading).to_owned()).collect();
    let rule: Vec<String> = widths.iter().map(|width| "-".repeat(*width)).collect();
    let mut text = String::new();
    for row in [headings, rule].iter().chain(&cells) {
        for (cell, width) in row.iter().zip(&widths) {
            // Writing to a String cannot fail.
            let _ = write!(text, "| {cell:<width$} ");
        }
        text.push_str("|\n");
    }
    text
}

fn cells(row: &Row) -> Vec<String> {
    let counts = &row.counts;
    let files = Lengths::of(&counts.file_lengths);
    let functions = Lengths::of(&counts.function_lengths);
    let lines = counts.lines;
    let name = match row.crates {
        1 => row.name.clone(),
        crates => format!("{} ({crates} crates)", row.name),
    };
    vec![
        name,
        counts.files.to_string(),
        lines.to_string(),
        format!("{} / {} / {}", files.median, files.p90, files.max),
        format!(
            "{} / {} / {} / {}",
            functions.median, functions.p90, functions.p99, functions.max
        ),
        format!(
            "{:.1} / {:.1}",
            share(counts.doc_lines, lines, 100),
            share(counts.comment_lines, lines, 100)
        ),
        format!("{:.1}", share(counts.comment_lines, lines, 1000)),
        counts.tests.to_string(),
        counts.unsafe_blocks.to_string(),
        counts.wide_functions.to_string(),
        format!("{:.1}", share(counts.clones, lines, 1000)),
        format!("{:.1}", share(counts.unwraps, lines, 1000)),
        format!("{:.0} %", share(counts.documented_files, counts.files, 100)),
    ]
}

/// One object for each row.
pub(super) fn json(rows: &[Row]) -> Value {
    rows.iter().map(object).collect()
}

fn object(row: &Row) -> Value {
    let counts = &row.counts;
    let files = Lengths::of(&counts.file_lengths);
    let functions = Lengths::of(&counts.function_lengths);
    let lines = counts.lines;
    json!({
        "name": row.name,
        "crates": row.crates,
        "files": counts.files,
        "lines": lines,
        "fileLines": { "median": files.median, "p90": files.p90, "max": files.max },
        "functionLines": {
            "median": functions.median, "p90": functions.p90, "p99": functions.p99, "max": functions.max,
        },
        "docPercent": share(counts.doc_lines, lines, 100),
        "commentPercent": share(counts.comment_lines, lines, 100),
        "commentsPer1000": share(counts.comment_lines, lines, 1000),
        "tests": counts.tests,
        "unsafeBlocks": counts.unsafe_blocks,
        "functionsWith7Parameters": counts.wide_functions,
        "clonesPer1000": share(counts.clones, lines, 1000),
        "unwrapsPer1000": share(counts.unwraps, lines, 1000),
        "filesWithModuleDocPercent": share(counts.documented_files, counts.files, 100),
    })
}

/// Some of so many, as a number of each hundred or thousand.
fn share(some: usize, all: usize, each: u32) -> f64 {
    let number = |count: usize| u32::try_from(count).map_or(f64::MAX, f64::from);
    if all == 0 {
        0.0
    } else {
        number(some) * f64::from(each) / number(all)
    }
}

/// How long things are.
#[derive(PartialEq, Eq, Debug)]
struct Lengths {
    median: usize,
    p90: usize,
    p99: usize,
    max: usize,
}

impl Lengths {
    fn of(lengths: &[usize]) -> Self {
        let mut sorted = lengths.to_vec();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let index = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
            sorted.get(index).copied().unwrap_or_default()
        };
        Self {
            median: at(50),
            p90: at(90),
            p99: at(99),
            max: at(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::counts::Part;
    use super::*;
    use crate::source::Source;

    #[test]
    fn lengths() {
        let hundred: Vec<usize> = (1..=100).rev().collect();
        for (lengths, median, p90, p99, max) in [
            (&[][..], 0, 0, 0, 0),
            (&[7], 7, 7, 7, 7),
            (&hundred, 51, 91, 100, 100),
        ] {
            let expected = Lengths {
                median,
                p90,
                p99,
                max,
            };
            assert_eq!(Lengths::of(lengths), expected);
        }
    }

    #[test]
    fn forms() {
        let mut counts = Counts::default();
        counts.add(&Source::new("a.rs", "//! A.\n// Why.\nfn f() {}\n"), Part::Code);
        let rows = [Row {
            name: "a".to_owned(),
            crates: 1,
            counts,
        }];
        let table = table(&rows);
        assert_eq!(table.lines().count(), 3);
        assert!(
            table
                .lines()
                .all(|line| line.matches('|').count() == HEADINGS.len() + 1),
            "{table}"
        );
        assert_eq!(json(&rows)[0]["commentsPer1000"], 1000.0 / 3.0);
    }
}
