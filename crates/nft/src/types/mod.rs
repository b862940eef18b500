//! Data of nftables: types, values, bit sets, verdicts.

mod bits;
mod data;
mod data_type;
mod value;
mod verdict;

pub use bits::{AddressType, CtState, CtStatus};
pub use data::Data;
pub use data_type::DataType;
pub(crate) use data_type::{Order, concatenation, from_number};
pub use value::{Direction, L3, Value};
pub use verdict::Verdict;
