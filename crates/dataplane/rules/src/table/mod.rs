//! The table, and what is always in it: the sets that all Services share ([`sets`]), and the chains that look
//! connections up in them ([`chains`]).

mod chains;
mod networks;
mod sets;

pub(crate) use chains::{LOCALHOST, REJECT, base_chains};
pub(crate) use networks::Networks;
pub(crate) use sets::{SetId, SetKind};

use kinglet_nft::{Family, Ownership, Table};

/// Name of the table, of family `inet`.
pub const TABLE: &str = "kinglet-services";

/// The table, without what is in it.
pub fn table(ownership: Ownership) -> Table {
    Table::new(Family::Inet, TABLE).ownership(ownership)
}
