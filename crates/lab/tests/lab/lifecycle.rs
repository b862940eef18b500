//! Pods that end: gracefully, killed, with their node.

use std::time::{Duration, Instant};

use kinglet_lab::{Builder, Lab, Target, Verdict};
use serde_json::json;

use crate::support::{self, LIMIT};

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_pod_comes_back_with_a_new_address() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    lab.apply(&support::pod("web", "node-1")).await.unwrap();
    let before = support::ready(&lab, "web").await;
    lab.kill("default/web").unwrap();
    let path = "/api/v1/namespaces/default/pods/web";
    support::object(&lab, path, |pod| {
        let status = &pod["status"];
        status["podIP"] != *before[0] && status["containerStatuses"][0]["ready"] == true
    })
    .await;
    let after = support::ready(&lab, "web").await;
    assert_ne!(before, after);
    let outcome = support::open(&lab, "node:node-1", &Target::tcp(&after[0], 80)).await;
    assert_eq!(outcome.pod.as_deref(), Some("default/web"));
    let old = Target {
        timeout: Duration::from_millis(300),
        ..Target::tcp(&before[0], 80)
    };
    assert_eq!(
        lab.probe("node:node-1", &old).await.unwrap().result,
        Verdict::Timeout
    );
    let pod = support::object(&lab, path, |_| true).await;
    assert_eq!(pod["status"]["containerStatuses"][0]["restartCount"], 1);
    assert!(
        lab.kill("default/nobody")
            .unwrap_err()
            .to_string()
            .contains("default/nobody")
    );
    lab.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_pod_ends_in_good_order() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("told");
    let script = format!(
        "trap 'echo term >> {0}; exit 0' TERM; echo up; while true; do sleep 0.05; done",
        file.display()
    );
    lab.apply(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "polite", "namespace": "default"},
        "spec": {
            "nodeName": "node-1", "terminationGracePeriodSeconds": 20,
            "containers": [{
                "name": "app", "image": "x", "command": ["sh", "-c", script],
                "lifecycle": {"preStop": {"exec": {"command": ["sh", "-c", format!("echo hook >> {}", file.display())]}}},
            }],
        },
    }))
    .await
    .unwrap();
    support::ready(&lab, "polite").await;
    let path = "/api/v1/namespaces/default/pods/polite";
    // The program must have set its trap: it says so.
    let place = lab.place("default/polite").unwrap();
    let up = lab
        .until(LIMIT, async |_: &Lab| {
            let text = kinglet_lab::logs(&place, Some("app")).unwrap_or_default();
            let text = String::from_utf8_lossy(&text).into_owned();
            if text.contains("up") { Ok(()) } else { Err(text) }
        })
        .await;
    up.unwrap();
    let began = Instant::now();
    let request = http::Request::delete(path).body(Vec::new()).unwrap();
    lab.client().request_text(request).await.unwrap();
    gone(&lab, path).await;
    assert!(began.elapsed() < Duration::from_secs(20), "it was not waited for");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "hook\nterm\n");
    assert!(lab.place("default/polite").is_err());
    lab.end().await;
}

async fn gone(lab: &Lab, path: &str) {
    let gone = lab
        .until(LIMIT, async |lab: &Lab| {
            let request = http::Request::get(path).body(Vec::new()).unwrap();
            match lab.client().request_text(request).await {
                Ok(text) => Err(text),
                Err(_) => Ok(()),
            }
        })
        .await;
    gone.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pod_that_does_not_listen_is_killed_when_its_time_is_over() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(1).start().await.unwrap();
    lab.apply(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "deaf", "namespace": "default"},
        "spec": {
            "nodeName": "node-1", "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "app", "image": "x", "command": ["sh", "-c", "trap '' TERM; while true; do sleep 0.05; done"]}],
        },
    }))
    .await
    .unwrap();
    support::ready(&lab, "deaf").await;
    let path = "/api/v1/namespaces/default/pods/deaf";
    let request = http::Request::delete(path).body(Vec::new()).unwrap();
    lab.client().request_text(request).await.unwrap();
    gone(&lab, path).await;
    lab.end().await;
}
