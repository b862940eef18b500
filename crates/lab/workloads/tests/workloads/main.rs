//! Scheduler and controllers of workloads at work on an API server: the embedded one in process, or, with the
//! environment variable `KINGLET_REAL_KUBECONFIG`, the one that it names. The tests share its nodes: there,
//! run them with `--test-threads=1`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

// The tests of the other controllers use more of it.
#[allow(dead_code)]
#[path = "../../../../apiserver/controllers/tests/controllers/cluster.rs"]
mod cluster;
mod daemonsets;
mod deployments;
mod kubelet;
mod nodes;
mod replicasets;
mod scheduling;
mod start;
mod statefulsets;
