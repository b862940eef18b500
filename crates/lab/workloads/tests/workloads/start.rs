//! Workloads on a test's cluster.

use std::time::Duration;

use crate::cluster::{Cluster, PATIENCE};

impl Cluster {
    /// Starts the controllers of workloads with a grace period of nodes.
    pub(crate) async fn run_workloads(&self, node_grace_period: Duration) {
        let settings = kinglet_lab_workloads::WorkloadSettings {
            node_grace_period,
            ..kinglet_lab_workloads::WorkloadSettings::default()
        };
        let synced = kinglet_lab_workloads::spawn(&self.client, &settings, &self.stop);
        tokio::time::timeout(PATIENCE, synced)
            .await
            .expect("controllers are synced in time");
    }
}
