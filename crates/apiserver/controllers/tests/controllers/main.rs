//! The controllers at work on an API server: the embedded one in process, or, with the environment variable
//! `KINGLET_REAL_KUBECONFIG`, the one that it names.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
// The tests of workloads use more of it.
#[allow(dead_code)]
mod cluster;
mod deletion;
mod endpoints;
mod garbage;
mod mirroring;
mod namespaces;
