//! Statements: what rules are written in. They compile to expressions, which choose registers and add what a
//! field depends on (a rule that looks at an IPv4 address in an `inet` table first tests for IPv4), and they
//! are what the text of a rule consists of.

mod build;
mod compile;
mod computed;
mod context;
mod field;
mod header;
mod invalid;
mod kinds;
mod load;
mod log_limit;
mod matching;
mod nat;
mod packet;
mod update;

pub(crate) use compile::{AnonymousSet, Compiled, compile};
pub use computed::{Fib, Numgen};
pub use field::{Field, Jhash, Key};
pub use header::Header;
pub(crate) use header::Protocol;
pub use invalid::InvalidReason;
pub use kinds::{Dynset, MapUpdate, Mark, MarkSource, Match, Nat, NatTarget, Operator, Right, Statement};
pub use log_limit::{Limit, Log, Unit};
pub use packet::{Ct, Meta};
