//! The sample application: the files of `examples/cluster`.

use std::net::IpAddr;

use anyhow::{Result, bail, ensure};
use kinglet_kube::{Client, Collection, Resource};
use kinglet_model::Pod;

const NAMESPACE: &str = "hello";
/// `replicas` of the Deployment.
const PODS: usize = 4;

const FILES: &[(&str, &str)] = &[
    (
        "10-namespace.yaml",
        include_str!("../../../../../examples/cluster/10-namespace.yaml"),
    ),
    (
        "20-deployment.yaml",
        include_str!("../../../../../examples/cluster/20-deployment.yaml"),
    ),
    (
        "30-services.yaml",
        include_str!("../../../../../examples/cluster/30-services.yaml"),
    ),
    (
        "40-ingress.yaml",
        include_str!("../../../../../examples/cluster/40-ingress.yaml"),
    ),
];

/// A pod of the sample.
pub(super) struct SamplePod {
    pub(super) name: String,
    pub(super) node: String,
    pub(super) addresses: Vec<IpAddr>,
}

impl SamplePod {
    /// `NAMESPACE/POD`.
    pub(super) fn label(&self) -> String {
        format!("{NAMESPACE}/{}", self.name)
    }
}

/// Applies all files.
pub(super) async fn apply(client: &Client) -> Result<()> {
    for (file, text) in FILES {
        let objects = kinglet_addons::parse(text)?;
        if let Some(failure) = kinglet_addons::apply(client, &objects).await.into_iter().next() {
            bail!("examples/cluster/{file}: {failure}");
        }
    }
    Ok(())
}

/// The pods, once all of them run.
pub(super) async fn ready_pods(client: &Client) -> Result<Vec<SamplePod>> {
    let pods: Vec<Pod> = Collection::new(client.clone(), Resource::of::<Pod>())
        .list(NAMESPACE)
        .await?;
    let running: Vec<SamplePod> = pods
        .iter()
        .filter(|pod| &*pod.phase == "Running")
        .map(|pod| SamplePod {
            name: pod.metadata.name.to_string(),
            node: pod.node_name.to_string(),
            addresses: pod.ips.clone(),
        })
        .collect();
    ensure!(running.len() == PODS, "{} of {PODS} pods run", running.len());
    Ok(running)
}
