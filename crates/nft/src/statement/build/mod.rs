//! The methods by which rules are written.

mod compare;
mod log_limit;
mod nat;
mod update;
mod verdict;
