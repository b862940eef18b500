//! The crate against the kernel, and its text against that of the `nft` program. Each test has a network namespace of its own; root is
//! needed.

mod compare;
mod harness;
mod rules;
mod service;
mod sets;
mod sys;
