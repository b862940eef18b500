//! What the tests share: manifests, conditions, probes that must succeed.

use std::time::Duration;

use kinglet_lab::{Lab, Outcome, Target, Verdict};
use serde_json::{Value, json};

/// How long anything may take, on a loaded machine.
pub(crate) const LIMIT: Duration = Duration::from_secs(30);

/// Whether the test can run. Without root it fails, unless skipping is allowed.
pub(crate) fn is_possible() -> bool {
    // Fails only when a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    if std::fs::write("/proc/self/oom_score_adj", "0").is_ok() && is_root() {
        return true;
    }
    assert!(
        std::env::var_os("KINGLET_ALLOW_SKIP").is_some_and(|value| value == "1"),
        "the lab needs root; KINGLET_ALLOW_SKIP=1 skips its tests"
    );
    eprintln!("skipped: not root");
    false
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").is_ok_and(|own| own.uid() == 0)
}

/// A Pod of echo servers on a node.
pub(crate) fn pod(name: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "labels": {"app": name}},
        "spec": {
            "nodeName": node,
            "terminationGracePeriodSeconds": 1,
            "containers": [{
                "name": "echo", "image": "kinglet/echo:1",
                "ports": [{"containerPort": 80}, {"containerPort": 53, "protocol": "UDP"}],
            }],
        },
    })
}

/// Waits until a probe is open and returns who answered.
pub(crate) async fn open(lab: &Lab, from: &str, target: &Target) -> Outcome {
    let opened = lab
        .until(LIMIT, async |lab: &Lab| match lab.probe(from, target).await {
            Ok(outcome) if outcome.result == Verdict::Open && outcome.pod.is_some() => Ok(outcome),
            Ok(outcome) => Err(format!("{from} to {target:?}: {outcome:?}")),
            Err(error) => Err(format!("{from} to {target:?}: {error}")),
        })
        .await;
    opened.unwrap()
}

/// Waits until an object's JSON fulfils a condition.
pub(crate) async fn object(lab: &Lab, path: &str, condition: impl Fn(&Value) -> bool) -> Value {
    let found = lab
        .until(LIMIT, async |lab: &Lab| {
            let request = http::Request::get(path).body(Vec::new()).unwrap();
            let text = lab.client().request_text(request).await;
            let text = text.map_err(|error| format!("{path}: {error}"))?;
            let object: Value = serde_json::from_str(&text).unwrap();
            if condition(&object) {
                Ok(object)
            } else {
                Err(format!("{path}: {object:#}"))
            }
        })
        .await;
    found.unwrap()
}

/// Waits until a pod is ready and returns its addresses.
pub(crate) async fn ready(lab: &Lab, pod: &str) -> Vec<String> {
    let (namespace, name) = pod.split_once('/').unwrap_or(("default", pod));
    let path = format!("/api/v1/namespaces/{namespace}/pods/{name}");
    let object = object(lab, &path, is_ready).await;
    let addresses = object["status"]["podIPs"].as_array().unwrap();
    addresses
        .iter()
        .map(|address| address["ip"].as_str().unwrap().to_owned())
        .collect()
}

fn is_ready(pod: &Value) -> bool {
    let conditions = pod["status"]["conditions"].as_array();
    conditions.is_some_and(|all| {
        all.iter()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "True")
    })
}
