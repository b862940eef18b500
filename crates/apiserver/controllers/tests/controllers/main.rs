//! The controllers at work on an API server: the embedded one in process, or, with the environment variable
//! `KINGLET_REAL_KUBECONFIG`, the one that it names. Tests of workloads share its nodes: there, run them with
//! `--test-threads=1`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod accounts;
mod cluster;
mod daemonsets;
mod deletion;
mod deployments;
mod endpoints;
mod garbage;
mod kubelet;
mod mirroring;
mod namespaces;
mod nodes;
mod replicasets;
mod scheduling;
mod statefulsets;
