//! Pods, and the Pod templates of workloads.

use serde_json::{Value, json};

use crate::json::{Json, JsonMut};

/// Mode of files in volumes: 0644.
const FILE_MODE: i64 = 420;
/// Life of a projected service account token, in seconds.
const TOKEN_LIFE: i64 = 3600;

/// Pod.
pub(crate) fn pod(object: &mut Value) {
    if let Some(spec) = object.at_mut("spec") {
        if spec.has("terminationGracePeriodSeconds") && spec.int("terminationGracePeriodSeconds") < 0 {
            // Kubernetes takes a negative time as the shortest instead of refusing it.
            spec.put("terminationGracePeriodSeconds", 1);
        }
        for list in ["containers", "initContainers"] {
            spec.each(list, requests_from_limits);
        }
        // Kubernetes does all this to Pods only, not to templates (`SetDefaults_Pod`).
        spec.fill("enableServiceLinks", true);
        if spec.flag("hostNetwork") {
            for list in ["containers", "initContainers"] {
                spec.each(list, host_ports);
            }
        }
        pod_spec(spec);
    }
    pod_status(object);
}

/// Pod, on create: what admission and the strategy set.
pub(crate) fn prepare_pod(object: &mut Value, old: Option<&Value>) {
    if old.is_some() {
        return;
    }
    object.put(
        "status",
        json!({"phase": "Pending", "qosClass": qos_class(object)}),
    );
    let Some(spec) = object.at_mut("spec") else {
        return;
    };
    // What the plugins Priority, ServiceAccount and DefaultTolerationSeconds set.
    spec.fill("priority", 0);
    spec.fill("preemptionPolicy", "PreemptLowerPriority");
    spec.fill("serviceAccountName", "default");
    spec.fill("serviceAccount", "default");
    let mut tolerations = spec.list("tolerations").to_vec();
    for key in ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"] {
        let tolerated = |one: &Value| {
            // A toleration without a key tolerates every taint.
            matches!(one.text("key"), "")
                || (one.text("key") == key && matches!(one.text("effect"), "" | "NoExecute"))
        };
        if !tolerations.iter().any(tolerated) {
            tolerations.push(
                json!({"key": key, "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}),
            );
        }
    }
    spec.put("tolerations", tolerations);
}

/// `podIP` and `podIPs` say the same.
fn pod_status(object: &mut Value) {
    object.fill("status", json!({}));
    let ip = object.text("status.podIP").to_owned();
    let first = object
        .list("status.podIPs")
        .first()
        .map(|one| one.text("ip").to_owned());
    match (ip.is_empty(), first) {
        (true, Some(first)) => object.put("status.podIP", first),
        (false, first) if first.as_deref() != Some(&ip) => object.put("status.podIPs", json!([{"ip": ip}])),
        _ => {}
    }
}

/// `template` of a workload.
pub(crate) fn template(template: &mut Value) {
    template.fill("metadata", json!({}));
    if let Some(spec) = template.at_mut("spec") {
        pod_spec(spec);
    }
}

fn pod_spec(spec: &mut Value) {
    let account = [spec.text("serviceAccountName"), spec.text("serviceAccount")]
        .into_iter()
        .find(|name| !name.is_empty())
        .map(str::to_owned);
    if let Some(account) = account {
        // `serviceAccount` is the deprecated name of the same field: Kubernetes always writes both.
        spec.put("serviceAccountName", account.clone());
        spec.put("serviceAccount", account);
    }
    spec.fill("dnsPolicy", "ClusterFirst");
    spec.fill("restartPolicy", "Always");
    spec.fill("securityContext", json!({}));
    spec.fill("terminationGracePeriodSeconds", 30);
    spec.fill("schedulerName", "default-scheduler");
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        spec.each(list, container);
    }
    spec.each("volumes", volume);
}

fn container(container: &mut Value) {
    let policy = pull_policy(container.text("image"));
    container.fill("imagePullPolicy", policy);
    container.fill("terminationMessagePath", "/dev/termination-log");
    container.fill("terminationMessagePolicy", "File");
    container.fill("resources", json!({}));
    container.each("ports", |port| port.fill("protocol", "TCP"));
    container.each("env", |variable| {
        if variable.has("valueFrom.fieldRef") {
            variable.fill("valueFrom.fieldRef.apiVersion", "v1");
        }
    });
    for name in ["livenessProbe", "readinessProbe", "startupProbe"] {
        if let Some(one) = container.at_mut(name) {
            probe(one);
        }
    }
    for name in ["lifecycle.postStart", "lifecycle.preStop"] {
        if let Some(handler) = container.at_mut(name) {
            http_get(handler);
        }
    }
}

/// `Always` for the tag `latest`, which is also the tag of an image without one.
fn pull_policy(image: &str) -> &'static str {
    let (name, digest) = image.split_once('@').unwrap_or((image, ""));
    let last = name.rsplit('/').next().unwrap_or(name);
    let tag = last.rsplit_once(':').map(|(_, tag)| tag);
    match tag {
        Some("latest") => "Always",
        None if digest.is_empty() => "Always",
        _ => "IfNotPresent",
    }
}

fn probe(probe: &mut Value) {
    for (field, value) in [
        ("timeoutSeconds", 1),
        ("periodSeconds", 10),
        ("successThreshold", 1),
        ("failureThreshold", 3),
    ] {
        if probe.int(field) == 0 {
            probe.put(field, value);
        }
    }
    if probe.has("grpc") {
        probe.fill("grpc.service", "");
    }
    http_get(probe);
}

fn http_get(handler: &mut Value) {
    if handler.has("httpGet") {
        handler.fill("httpGet.path", "/");
        handler.fill("httpGet.scheme", "HTTP");
    }
}

fn volume(volume: &mut Value) {
    // It has nothing but its name.
    if volume.as_object().is_some_and(|map| map.len() == 1) {
        volume.put("emptyDir", json!({}));
    }
    for source in ["secret", "configMap", "downwardAPI", "projected"] {
        if let Some(source) = volume.at_mut(source) {
            source.fill("defaultMode", FILE_MODE);
        }
    }
    if volume.has("hostPath") && !volume.has("hostPath.type") {
        volume.put("hostPath.type", "");
    }
    volume.each("projected.sources", |source| {
        if source.has("serviceAccountToken") {
            source.fill("serviceAccountToken.expirationSeconds", TOKEN_LIFE);
        }
    });
}

/// A limit without a request requests the limit.
fn requests_from_limits(container: &mut Value) {
    let limits: Vec<(String, Value)> = container
        .entries("resources.limits")
        .map(|(name, value)| (name.to_owned(), value.clone()))
        .collect();
    if limits.is_empty() {
        return;
    }
    container.fill("resources.requests", json!({}));
    if let Some(requests) = container
        .at_mut("resources.requests")
        .and_then(Value::as_object_mut)
    {
        for (name, value) in limits {
            // The scheduler counts requests only.
            requests.entry(name).or_insert(value);
        }
    }
}

fn host_ports(container: &mut Value) {
    container.each("ports", |port| {
        if port.int("hostPort") == 0 {
            // On the node's network they are the same, and by host ports the scheduler finds conflicts.
            let number = port.int("containerPort");
            port.put("hostPort", number);
        }
    });
}

/// Quality of service: `Guaranteed` when every container limits CPU and memory to what it requests,
/// `BestEffort` when none asks for any.
fn qos_class(pod: &Value) -> &'static str {
    let containers = || {
        pod.list("spec.containers")
            .iter()
            .chain(pod.list("spec.initContainers"))
    };
    let asks = |container: &Value| {
        ["requests", "limits"].into_iter().any(|which| {
            ["cpu", "memory"]
                .into_iter()
                .any(|resource| container.has(&format!("resources.{which}.{resource}")))
        })
    };
    let guaranteed = |container: &Value| {
        ["cpu", "memory"].into_iter().all(|resource| {
            let limit = container.at(&format!("resources.limits.{resource}"));
            !limit.is_null() && limit == container.at(&format!("resources.requests.{resource}"))
        })
    };
    if !containers().any(asks) {
        "BestEffort"
    } else if containers().all(guaranteed) {
        "Guaranteed"
    } else {
        "Burstable"
    }
}
