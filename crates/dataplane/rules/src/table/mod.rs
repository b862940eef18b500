//! What is always in the table: the sets that all Services share ([`sets`]), and the chains that look things
//! up in them ([`chains`]).

mod chains;
mod networks;
mod sets;

pub(crate) use chains::{REJECT, chains};
pub(crate) use networks::{Networks, of_family};
pub(crate) use sets::{SetId, SetKind};

/// Name of the table, of family `inet`.
pub const TABLE: &str = "kinglet-services";
