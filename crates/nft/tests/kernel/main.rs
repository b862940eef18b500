//! The crate against the kernel, and its text against that of the `nft` program. Each test has a network namespace of its own; root is
//! needed.

mod affinity;
mod batches;
mod compare;
mod connections;
mod failures;
mod harness;
mod lists;
mod ownership;
mod rules;
mod service;
mod sets;
mod sys;
mod traffic;
