//! The Node object: registered, and kept alive by its Lease.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use ipnet::IpNet;
use jiff::Timestamp;
use kinglet_kube::{Backoff, Collection, RequestError, Resource, status};
use kinglet_model::{Node, ObjectName};
use serde_json::{Map, Value, json};

use super::context::NodeContext;

/// Field manager and event source.
pub(crate) const COMPONENT: &str = "kinglet-lab";

/// How a node presents itself.
#[derive(Clone, Debug)]
pub(crate) struct Registration {
    pub(crate) name: String,
    pub(crate) internal: Vec<IpAddr>,
    pub(crate) external: Vec<IpAddr>,
    pub(crate) pod_cidrs: Vec<IpNet>,
    /// An external cloud provider fills in addresses and removes the taint.
    pub(crate) uninitialized: bool,
    /// Life of the Lease; it is renewed four times in that time.
    pub(crate) lease: Duration,
    /// Where the kubelet serves; 0 when it does not.
    pub(crate) port: u16,
}

/// Registers the node, as often as it takes.
pub(crate) async fn register(node: &NodeContext, registration: &Registration) {
    let mut backoff = Backoff::new();
    loop {
        node.gate.passed().await;
        match try_register(node, registration).await {
            Ok(()) => return,
            Err(error) => {
                let pause = backoff.pause();
                tracing::warn!(node = %node.name, %error, ?pause, "cannot register a node");
                tokio::time::sleep(pause).await;
            }
        }
    }
}

async fn try_register(node: &NodeContext, registration: &Registration) -> Result<(), RequestError> {
    let nodes = Collection::new(node.client.clone(), Resource::of::<Node>());
    let name = ObjectName::cluster(registration.name.as_str());
    let object = object(registration);
    match nodes.create("", &object).await {
        Err(error) if error.is_conflict() => {
            let known = json!({"metadata": object["metadata"], "spec": {"taints": object["spec"]["taints"]}});
            nodes.merge(&name, &known).await?;
        }
        other => other?,
    }
    // A strategic patch would merge addresses by their type, of which two families have one each.
    let status = node_status(registration, Timestamp::now());
    status::patch::<Node>(&node.client, &name, &status, COMPONENT)
        .await
        .map_err(RequestError::from)?;
    renew(node, registration).await
}

/// Renews the Lease and, where somebody doubts it, the condition `Ready`. Forever.
pub(crate) async fn keep_alive(node: Arc<NodeContext>, registration: Registration) {
    let mut gate = node.gate.watch();
    loop {
        node.gate.passed().await;
        // The Lease ends the silence, but only the kubelet sets the condition back that silence has changed.
        let alive = async {
            renew(&node, &registration).await?;
            reassure(&node, &registration).await
        };
        if let Err(error) = alive.await {
            tracing::warn!(node = %node.name, %error, "cannot renew a node's lease");
        }
        tokio::select! {
            // Up to three renewals may be lost before the node counts as unreachable.
            () = tokio::time::sleep(registration.lease / 4) => {}
            _ = gate.changed() => {}
        }
    }
}

async fn renew(node: &NodeContext, registration: &Registration) -> Result<(), RequestError> {
    let leases = Collection::new(node.client.clone(), lease_resource());
    let name = ObjectName::new("kube-node-lease", registration.name.as_str());
    let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%S%.6fZ").to_string();
    match leases.merge(&name, &json!({"spec": {"renewTime": now}})).await {
        Err(error) if error.is_not_found() => {
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": registration.name, "namespace": "kube-node-lease"},
                "spec": {
                    "holderIdentity": registration.name,
                    // API servers refuse 0.
                    "leaseDurationSeconds": registration.lease.as_secs().max(1),
                    "renewTime": now,
                },
            });
            leases.create("kube-node-lease", &lease).await
        }
        other => other,
    }
}

fn lease_resource() -> Resource {
    Resource {
        group: "coordination.k8s.io".into(),
        version: "v1".into(),
        kind: "Lease".into(),
        plural: "leases".into(),
        namespaced: true,
        verbs: Arc::default(),
    }
}

/// Says again that the node is ready when its object says something else.
async fn reassure(node: &NodeContext, registration: &Registration) -> Result<(), RequestError> {
    let nodes = Collection::new(node.client.clone(), Resource::of::<Node>());
    let name = ObjectName::cluster(registration.name.as_str());
    let object: Value = nodes.get(&name).await?;
    let ready = object["status"]["conditions"]
        .as_array()
        .is_some_and(|conditions| {
            conditions
                .iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
        });
    if !ready {
        let patch = json!({"status": {"conditions": conditions(Timestamp::now())}});
        nodes.strategic_part(&name, "status", &patch).await?;
    }
    Ok(())
}

fn object(registration: &Registration) -> Value {
    let mut spec = json!({
        "podCIDR": registration.pod_cidrs.first(),
        "podCIDRs": registration.pod_cidrs,
    });
    if registration.uninitialized {
        spec["taints"] = json!([{
            "key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule",
        }]);
    }
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {
            "name": registration.name,
            "labels": {
                "kubernetes.io/hostname": registration.name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": arch(),
            },
            "annotations": annotations(registration),
        },
        "spec": spec,
    })
}

/// What the agent of K3s writes for its cloud controller.
fn annotations(registration: &Registration) -> Map<String, Value> {
    let mut all = Map::new();
    let mut put = |name: &str, value: String| all.insert(name.to_owned(), Value::String(value));
    put("k3s.io/hostname", registration.name.clone());
    put("k3s.io/internal-ip", list(&registration.internal));
    if !registration.external.is_empty() {
        put("k3s.io/external-ip", list(&registration.external));
    }
    if registration.uninitialized {
        put(
            "alpha.kubernetes.io/provided-node-ip",
            list(&registration.internal),
        );
    }
    all
}

fn list(addresses: &[IpAddr]) -> String {
    let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
    texts.join(",")
}

fn node_status(registration: &Registration, now: Timestamp) -> Value {
    let cpus = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let resources = json!({
        "cpu": cpus.to_string(), "memory": memory(), "pods": "110", "ephemeral-storage": "10Gi",
    });
    let mut status = json!({
        "capacity": resources,
        "allocatable": resources,
        "conditions": conditions(now),
        "nodeInfo": info(),
        "daemonEndpoints": {"kubeletEndpoint": {"Port": registration.port}},
    });
    if !registration.uninitialized {
        status["addresses"] = addresses(registration);
    }
    status
}

fn addresses(registration: &Registration) -> Value {
    let typed = |kind: &'static str, all: &[IpAddr]| -> Vec<Value> {
        all.iter()
            .map(|address| json!({"type": kind, "address": address}))
            .collect()
    };
    let mut all = typed("InternalIP", &registration.internal);
    all.extend(typed("ExternalIP", &registration.external));
    all.push(json!({"type": "Hostname", "address": registration.name}));
    all.into()
}

fn conditions(now: Timestamp) -> Value {
    let now = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let condition = |kind: &str, status: &str, reason: &str, message: &str| {
        json!({
            "type": kind, "status": status, "reason": reason, "message": message,
            "lastHeartbeatTime": now, "lastTransitionTime": now,
        })
    };
    json!([
        condition(
            "MemoryPressure",
            "False",
            "KubeletHasSufficientMemory",
            "kubelet has sufficient memory available"
        ),
        condition(
            "DiskPressure",
            "False",
            "KubeletHasNoDiskPressure",
            "kubelet has no disk pressure"
        ),
        condition(
            "PIDPressure",
            "False",
            "KubeletHasSufficientPID",
            "kubelet has sufficient PID available"
        ),
        condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
    ])
}

fn info() -> Value {
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let version = concat!("v", env!("CARGO_PKG_VERSION"), "+kinglet-lab");
    json!({
        "kernelVersion": kernel.trim(), "osImage": "Kinglet lab", "operatingSystem": "linux",
        "architecture": arch(), "kubeletVersion": version, "kubeProxyVersion": "",
        "containerRuntimeVersion": concat!("lab://", env!("CARGO_PKG_VERSION")),
        "machineID": "", "systemUUID": "", "bootID": "",
    })
}

/// Architecture as Kubernetes names it.
fn arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

/// The machine's memory as a Kubernetes quantity.
fn memory() -> String {
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let kibibytes = text
        .lines()
        .find_map(|line| line.strip_prefix("MemTotal:"))
        .and_then(|rest| rest.split_whitespace().next())
        .unwrap_or("0");
    format!("{kibibytes}Ki")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registration(uninitialized: bool) -> Registration {
        Registration {
            name: "node-1".to_owned(),
            internal: vec![IpAddr::from([172, 30, 0, 11])],
            external: vec![IpAddr::from([198, 51, 100, 11])],
            pod_cidrs: vec!["10.42.1.0/24".parse().unwrap()],
            uninitialized,
            lease: Duration::from_secs(40),
            port: 10250,
        }
    }

    #[test]
    fn a_node_tells_its_addresses_unless_a_cloud_provider_shall() {
        let own = registration(false);
        assert_eq!(
            node_status(&own, Timestamp::UNIX_EPOCH)["addresses"],
            json!([
                {"type": "InternalIP", "address": "172.30.0.11"},
                {"type": "ExternalIP", "address": "198.51.100.11"},
                {"type": "Hostname", "address": "node-1"},
            ])
        );
        assert!(object(&own)["spec"]["taints"].is_null());
        let cloud = registration(true);
        assert!(node_status(&cloud, Timestamp::UNIX_EPOCH)["addresses"].is_null());
        assert_eq!(
            object(&cloud)["spec"]["taints"][0]["key"],
            "node.cloudprovider.kubernetes.io/uninitialized"
        );
        assert_eq!(
            object(&cloud)["metadata"]["annotations"]["k3s.io/external-ip"],
            "198.51.100.11"
        );
    }
}
