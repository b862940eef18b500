//! Leftovers in nftables: whole tables, and chains in the tables of iptables.

use std::collections::BTreeSet;

use kinglet_nft::{Batch, Connection, Error, Family, Ownership, Table};

use super::names::{TABLES, is_leftover};

/// The table of iptables in which policies are.
const FILTER: &str = "filter";

pub(super) fn remove(connection: &mut Connection) -> Result<Vec<String>, Error> {
    let mut removed = Vec::new();
    for listed in connection.tables()? {
        // Tables of iptables-nft are shared: Docker and others have chains there.
        let table = Table::new(listed.family, &listed.name).ownership(Ownership::Shared);
        let mut batch = Batch::new();
        if TABLES.contains(&&*listed.name) {
            batch.delete_table(&table);
        } else if listed.name == FILTER && [Family::Ip, Family::Ip6].contains(&listed.family) {
            batch = chains(connection, &table)?;
        }
        if !batch.is_empty() {
            connection.commit(&batch)?;
            removed.push(format!("{} {}", listed.family, listed.name));
        }
    }
    Ok(removed)
}

/// The batch that removes the chains from a table that is not only theirs: first what leads to them, then
/// what is in them.
fn chains(connection: &mut Connection, table: &Table) -> Result<Batch, Error> {
    let chains = connection.chains(table)?.into_iter();
    let ours: BTreeSet<String> = chains
        .map(|chain| chain.name)
        .filter(|name| is_leftover(name))
        .collect();
    let mut batch = Batch::new();
    if ours.is_empty() {
        return Ok(batch);
    }
    for rule in connection.rules(table, None)? {
        let target = rule.verdict.as_ref().and_then(|verdict| verdict.chain());
        if target.is_some_and(is_leftover) && !ours.contains(&rule.chain) {
            batch.delete_rule(table, &rule.chain, rule.handle);
        }
    }
    // All rules first: the kernel refuses to delete a chain that a rule of another one leads to.
    for name in &ours {
        batch.flush_chain(table, name);
    }
    for name in &ours {
        batch.delete_chain(table, name);
    }
    Ok(batch)
}
