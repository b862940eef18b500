//! Compares our text with that of `nft`, in both directions.

use kinglet_nft::{Chain, ChainType, Connection, Family, Hook, Rule, Ruleset, Table, priority};

use crate::harness::{commit, nft, nft_load};

/// Commits the ruleset. `nft` must list it as we print it, load what we print, and list that the same again.
pub(crate) fn same_text(ruleset: &Ruleset) {
    let (family, name) = (ruleset.table.family, &ruleset.table.name);
    commit(&ruleset.replace());
    nothing_differs(ruleset);
    let ours = ruleset.to_string();
    let list = || without_expiry(&nft(&format!("list table {family} {name}")));
    let listed = list();
    assert!(listed == ours, "{}", difference(&listed, &ours));
    nft(&format!("delete table {family} {name}"));
    nft_load(&ours);
    let listed = list();
    assert!(listed == ours, "loaded: {}", difference(&listed, &ours));
    nft(&format!("delete table {family} {name}"));
}

/// The kernel has the ruleset.
fn nothing_differs(ruleset: &Ruleset) {
    let differences = Connection::open().unwrap().differences(ruleset).unwrap();
    assert!(differences.is_empty(), "{differences:?}: {ruleset}");
}

/// As [`same_text`], for rules in a base chain.
pub(crate) fn same_rules(family: Family, chain: Chain, rules: Vec<Rule>) {
    let mut ruleset = Ruleset::new(Table::new(family, "t"));
    ruleset.chain(chain, rules);
    same_text(&ruleset);
}

/// A chain that sees every packet to this machine.
pub(crate) fn filter_chain() -> Chain {
    Chain::base("main", ChainType::Filter, Hook::Input, priority::FILTER)
}

/// When an element expires changes while the test runs.
fn without_expiry(text: &str) -> String {
    let mut words = text.split(' ');
    let mut kept = Vec::new();
    while let Some(word) = words.next() {
        if word == "expires" {
            // What follows the time, such as a comma, is kept.
            let time = words.next().unwrap_or_default();
            let rest = time.trim_start_matches(|character: char| character.is_ascii_alphanumeric());
            if let Some(last) = kept.last_mut() {
                *last = format!("{last}{rest}");
            }
        } else {
            kept.push(word.to_owned());
        }
    }
    kept.join(" ")
}

/// The lines that differ.
fn difference(theirs: &str, ours: &str) -> String {
    let mut text = String::from("texts differ (< nft, > ours)\n");
    let (mut theirs, mut ours) = (theirs.lines(), ours.lines());
    loop {
        match (theirs.next(), ours.next()) {
            (None, None) => return text,
            (one, other) if one == other => {}
            (one, other) => {
                text += &format!("< {}\n> {}\n", one.unwrap_or_default(), other.unwrap_or_default());
            }
        }
    }
}
