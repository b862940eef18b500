//! Prints tables as `nft list table` does (version 1.0.6, which Debian 12 has).
//!
//! Where `nft` would ask the machine, such as for the names of interfaces by their numbers, numbers are
//! printed.

mod chain;
mod context;
mod element;
mod matching;
mod names;
mod rule;
mod set;
mod statement;
mod time;
mod value;
mod words;

use std::fmt;

use crate::object::{Counter, Ownership, Table};
use crate::ruleset::Ruleset;

impl fmt::Display for Ruleset {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let table = &self.table;
        writeln!(formatter, "table {} {} {{", table.family, table.name)?;
        let mut blocks: Vec<String> = Vec::new();
        blocks.extend(head(table));
        blocks.extend(self.counters.iter().map(counter));
        blocks.extend(self.sets.iter().map(|(set, elements)| set::block(set, elements)));
        let chains = self.chains.iter();
        blocks.extend(chains.map(|(chain, rules)| chain::block(table.family, chain, rules)));
        formatter.write_str(&blocks.join("\n"))?;
        formatter.write_str("}\n")
    }
}

/// Flags and comment of a table.
fn head(table: &Table) -> Option<String> {
    let mut lines = String::new();
    let mut flags = Vec::new();
    if table.dormant {
        flags.push("dormant");
    }
    // `nft` 1.0.6 has no word for `NFT_TABLE_F_PERSIST`.
    if table.ownership != Ownership::Shared {
        flags.push("owner");
    }
    if !flags.is_empty() {
        lines += &format!("\tflags {}\n", flags.join(","));
    }
    if let Some(comment) = &table.comment {
        lines += &format!("\tcomment \"{comment}\"\n");
    }
    (!lines.is_empty()).then_some(lines)
}

fn counter(counter: &Counter) -> String {
    let mut lines = format!("\tcounter {} {{\n", counter.name);
    if let Some(comment) = &counter.comment {
        lines += &format!("\t\tcomment \"{comment}\"\n");
    }
    let Counter { packets, bytes, .. } = counter;
    lines += &format!("\t\tpackets {packets} bytes {bytes}\n\t}}\n");
    lines
}
