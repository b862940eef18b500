//! The objects of nftables: tables, chains, rules, sets and maps, elements, counters.

mod chain;
mod check;
mod counter;
mod element;
mod rule;
mod set;
mod set_encode;
mod table;
mod userdata;

pub use chain::{BaseChain, Chain, ChainType, Hook, Policy, priority};
pub use counter::Counter;
pub(crate) use counter::OBJECT_COUNTER;
pub use element::{Element, Mapped};
pub(crate) use element::{ListedElement, encode_intervals};
pub use rule::Rule;
pub use set::{MapData, Set};
pub(crate) use set_encode::milliseconds;
pub use table::{Family, Ownership, Table};
pub(crate) use userdata::{comment_of, comment_tlv};
