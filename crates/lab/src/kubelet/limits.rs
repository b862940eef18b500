//! What a pod asks for and the lab cannot do. Pure.

use kinglet_model::Protocol;

use super::spec::{Action, Container, Pod};

/// Images that mean the built-in echo server.
const ECHO: &str = "kinglet/echo";

/// The volume with the ServiceAccount's token, which API servers add to every Pod: nobody asked for it.
const TOKEN: &str = "kube-api-access-";

/// A sentence for each thing that is not as the manifest says.
pub(crate) fn limits(pod: &Pod) -> Vec<String> {
    let spec = &pod.spec;
    let mut all: Vec<String> = spec
        .init_containers
        .iter()
        .chain(&spec.containers)
        .flat_map(of_container)
        .collect();
    let names: Vec<&str> = spec
        .volumes
        .iter()
        .map(|volume| volume.name.as_str())
        .filter(|name| !name.starts_with(TOKEN))
        .collect();
    if !names.is_empty() {
        all.push(format!("volumes {} are not mounted", names.join(", ")));
    }
    let sysctls = spec.security_context.sysctls.iter();
    all.extend(
        sysctls
            .filter(|sysctl| sysctl.path().is_none() || spec.host_network)
            .map(|sysctl| {
                let name = &sysctl.name;
                format!(
                    "sysctl {name} is not set: only those of net. are, in Pods with a network of their own"
                )
            }),
    );
    all
}

fn of_container(container: &Container) -> Vec<String> {
    let name = &container.name;
    let mut all = Vec::new();
    let echoes = container.command.is_empty();
    if echoes && !container.image.starts_with(ECHO) {
        all.push(format!(
            "container {name}: image {} is not run, the built-in echo server answers on its ports instead (give a command to run a program of this machine)",
            container.image
        ));
    }
    if echoes && !container.args.is_empty() {
        all.push(format!("container {name}: args without a command are ignored"));
    }
    if container.ports.iter().any(|port| port.protocol == Protocol::Sctp) {
        all.push(format!("container {name}: nobody serves SCTP ports"));
    }
    if container.lifecycle.post_start.is_some() {
        all.push(format!("container {name}: lifecycle.postStart is not run"));
    }
    let probes = [
        ("startupProbe", &container.startup_probe),
        ("readinessProbe", &container.readiness_probe),
        ("livenessProbe", &container.liveness_probe),
    ];
    for (field, probe) in probes {
        if probe.as_ref().is_some_and(|probe| is_unknown(&probe.action)) {
            all.push(format!("container {name}: {field} fails always: only exec, httpGet (scheme HTTP) and tcpSocket are known"));
        }
    }
    all
}

fn is_unknown(action: &Action) -> bool {
    let https = action
        .http_get
        .as_ref()
        .is_some_and(|get| get.scheme.eq_ignore_ascii_case("https"));
    https || action.grpc.is_some()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_manifest_that_asks_for_more_is_told_so() {
        let pod: Pod = serde_json::from_value(json!({"spec": {
            "containers": [
                {"name": "a", "image": "nginx:1.27", "args": ["-g"], "ports": [{"containerPort": 1, "protocol": "SCTP"}]},
                {"name": "b", "image": "busybox", "command": ["sleep", "1"]},
                {"name": "c", "image": "kinglet/echo:1", "readinessProbe": {"grpc": {"port": 1}}},
            ],
            "volumes": [{"name": "data", "emptyDir": {}}, {"name": "kube-api-access-x2x4b", "projected": {}}],
        }}))
        .unwrap();
        let told = limits(&pod);
        assert_eq!(told.len(), 5, "{told:#?}");
        assert!(told[0].starts_with("container a: image nginx:1.27 is not run"));
        assert_eq!(told[4], "volumes data are not mounted");
    }
}
