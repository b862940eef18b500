//! Containers that are programs: environment, names, probes, init order, restarts.

use kinglet_lab::{Builder, Lab, Target};
use serde_json::{Value, json};

use crate::support::{self, LIMIT};

fn program(name: &str, spec: Value) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": spec,
    })
}

fn shell(script: &str) -> Value {
    json!(["sh", "-c", script])
}

async fn log(lab: &Lab, pod: &str, container: &str, expected: &str) {
    let found = lab
        .until(LIMIT, async |lab: &Lab| {
            let place = lab.place(pod).map_err(|error| error.to_string())?;
            let text = kinglet_lab::logs(&place, Some(container)).map_err(|error| error.to_string())?;
            let text = String::from_utf8_lossy(&text);
            if text.contains(expected) {
                Ok(())
            } else {
                Err(format!("{text:?} lacks {expected:?}"))
            }
        })
        .await;
    found.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_see_their_pod() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    let waits = program(
        "sees",
        json!({
            "nodeName": "node-1",
            "containers": [{
                "name": "app", "image": "any",
                "command": shell("echo color=$COLOR key=$KEY pod=$POD ip=$IP host=$(hostname) api=$KUBERNETES_SERVICE_HOST; ip -4 addr show eth0; cat /etc/resolv.conf; sleep 1000"),
                "env": [
                    {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
                    {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "key"}}},
                    {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                ],
            }],
        }),
    );
    lab.apply(&waits).await.unwrap();
    // Nothing runs before what it needs is there, and the status says what is missing.
    support::object(&lab, "/api/v1/namespaces/default/pods/sees", |pod| {
        let waiting = &pod["status"]["containerStatuses"][0]["state"]["waiting"];
        waiting["reason"] == "CreateContainerConfigError"
            && waiting["message"] == "env COLOR: configmap \"settings\" not found"
    })
    .await;
    lab.apply(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings"}, "data": {"color": "red"}}))
        .await
        .unwrap();
    lab.apply(&json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "keys"}, "stringData": {"key": "s3cret"}}))
        .await
        .unwrap();
    let addresses = support::ready(&lab, "sees").await;
    let line = format!(
        "color=red key=s3cret pod=sees ip={} host=sees api=10.43.0.1",
        addresses[0]
    );
    log(&lab, "default/sees", "app", &line).await;
    log(&lab, "default/sees", "app", &format!("inet {}/24", addresses[0])).await;
    log(
        &lab,
        "default/sees",
        "app",
        "search default.svc.cluster.local svc.cluster.local cluster.local",
    )
    .await;
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn init_containers_run_first_and_sidecars_beside() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("order");
    let append = |word: &str| format!("echo {word} >> {}", file.display());
    let pod = program(
        "ordered",
        json!({
            "nodeName": "node-1", "restartPolicy": "Never",
            "initContainers": [
                {"name": "first", "image": "x", "command": shell(&append("first"))},
                {"name": "side", "image": "x", "restartPolicy": "Always", "command": shell(&format!("trap '{}; exit 0' TERM; {}; while true; do sleep 0.05; done", append("side-ended"), append("side")))},
                {"name": "second", "image": "x", "command": shell(&append("second"))},
            ],
            "containers": [{"name": "main", "image": "x", "command": shell(&append("main"))}],
        }),
    );
    lab.apply(&pod).await.unwrap();
    let done = support::object(&lab, "/api/v1/namespaces/default/pods/ordered", |pod| {
        pod["status"]["phase"] == "Succeeded"
    })
    .await;
    assert_eq!(
        done["status"]["containerStatuses"][0]["state"]["terminated"]["reason"],
        "Completed"
    );
    let ended = lab
        .until(LIMIT, async |_: &Lab| {
            let order = std::fs::read_to_string(&file).unwrap();
            if order.contains("side-ended") {
                Ok(order)
            } else {
                Err(order)
            }
        })
        .await;
    let order = ended.unwrap();
    let words: Vec<&str> = order.lines().collect();
    let position = |word: &str| words.iter().position(|one| *one == word).unwrap_or(usize::MAX);
    assert_eq!(words.len(), 5, "{words:?}");
    assert!(
        position("first") < position("side") && position("first") < position("second"),
        "{words:?}"
    );
    assert!(
        position("second") < position("main") && position("main") < position("side-ended"),
        "{words:?}"
    );
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn probes_decide_readiness_and_restarts() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let (ready, dead) = (directory.path().join("ready"), directory.path().join("dead"));
    let mut pod = support::pod("probed", "node-1");
    let container = &mut pod["spec"]["containers"][0];
    container["readinessProbe"] = json!({"exec": {"command": ["test", "-e", ready]}, "periodSeconds": 1});
    container["livenessProbe"] =
        json!({"exec": {"command": ["test", "!", "-e", dead]}, "periodSeconds": 1, "failureThreshold": 1});
    container["startupProbe"] = json!({"httpGet": {"path": "/healthz", "port": 80}, "periodSeconds": 1});
    lab.apply(&pod).await.unwrap();
    let path = "/api/v1/namespaces/default/pods/probed";
    let running = support::object(&lab, path, |pod| pod["status"]["phase"] == "Running").await;
    assert_eq!(running["status"]["containerStatuses"][0]["ready"], false);
    std::fs::write(&ready, "").unwrap();
    support::ready(&lab, "probed").await;
    std::fs::remove_file(&ready).unwrap();
    support::object(&lab, path, |pod| {
        pod["status"]["conditions"]
            .as_array()
            .unwrap()
            .iter()
            .any(|condition| condition["type"] == "Ready" && condition["status"] == "False")
    })
    .await;
    std::fs::write(&dead, "").unwrap();
    support::object(&lab, path, |pod| {
        pod["status"]["containerStatuses"][0]["restartCount"]
            .as_u64()
            .is_some_and(|count| count > 0)
    })
    .await;
    std::fs::remove_file(&dead).unwrap();
    let events = support::object(&lab, "/api/v1/namespaces/default/events", |events| {
        let texts = events.to_string();
        texts.contains("Liveness probe failed") && texts.contains("Readiness probe failed")
    })
    .await;
    assert!(events.to_string().contains("Unhealthy"));
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_program_that_fails_is_started_again_with_growing_pauses() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    let fails = json!({
        "nodeName": "node-1",
        "containers": [{"name": "app", "image": "x", "command": shell("exit 3")}],
    });
    lab.apply(&program("fails", fails)).await.unwrap();
    let pod = support::object(&lab, "/api/v1/namespaces/default/pods/fails", |pod| {
        pod["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "CrashLoopBackOff"
    })
    .await;
    let status = &pod["status"]["containerStatuses"][0];
    assert_eq!(status["lastState"]["terminated"]["exitCode"], 3);
    assert_eq!(status["restartCount"], 1);
    assert_eq!(pod["status"]["phase"], "Running");
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_lab_cannot_do_is_told_in_an_event() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    let mut pod = support::pod("asks", "node-1");
    pod["spec"]["containers"][0]["image"] = "nginx:1.27".into();
    pod["spec"]["volumes"] = json!([{"name": "data", "emptyDir": {}}]);
    lab.apply(&pod).await.unwrap();
    // It runs nevertheless, and tells the image that was asked for.
    let addresses = support::ready(&lab, "asks").await;
    let outcome = support::open(&lab, "node:node-1", &Target::tcp(&addresses[0], 80)).await;
    assert_eq!(outcome.image.as_deref(), Some("nginx:1.27"));
    support::object(&lab, "/api/v1/namespaces/default/events", |events| {
        let texts = events.to_string();
        texts.contains("image nginx:1.27 is not run") && texts.contains("volumes data are not mounted")
    })
    .await;
    lab.end().await;
}
