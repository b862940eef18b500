//! Tables of StatefulSets, their Pods, and the next step.

use serde_json::Value;

use super::*;

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn set(replicas: i32, spec: Value) -> StatefulSet {
    let mut object = json!({
        "metadata": {"name": "db", "namespace": "shop", "uid": "set", "generation": 1},
        "spec": {
            "replicas": replicas,
            "serviceName": "db",
            "selector": {"matchLabels": {"app": "db"}},
            "template": {"metadata": {"labels": {"app": "db"}}, "spec": {"containers": [{"name": "main"}]}},
        },
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    serde_json::from_value(object).unwrap()
}

/// A Pod by its ordinal: `ready`, `starting`, `old` (and ready), `going` or `failed`.
fn pod(ordinal: i32, state: &str) -> Arc<Pod> {
    let revision = if state == "old" {
        "before".to_owned()
    } else {
        revision(&set(1, json!({})))
    };
    let ready = if matches!(state, "ready" | "old") {
        "True"
    } else {
        "False"
    };
    let phase = if state == "failed" { "Failed" } else { "Running" };
    let going = (state == "going").then_some("2026-01-01T12:00:00Z");
    let object = json!({
        "metadata": {
            "name": format!("db-{ordinal}"),
            "uid": format!("db-{ordinal}"),
            "deletionTimestamp": going,
            "labels": {"app": "db", "controller-revision-hash": revision},
            "ownerReferences": [{"uid": "set", "controller": true}],
        },
        "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
    });
    Arc::new(serde_json::from_value(object).unwrap())
}

/// Names of the Pods that are made and deleted.
fn steps(set: &StatefulSet, pods: &[(i32, &str)]) -> (Vec<String>, Vec<String>) {
    let pods: Vec<Arc<Pod>> = pods.iter().map(|(ordinal, state)| pod(*ordinal, state)).collect();
    let plan = plan(set, &pods, true, now());
    let created = plan
        .create
        .iter()
        .map(|pod| pod["metadata"]["name"].as_str().unwrap().to_owned());
    let deleted = plan.delete.iter().map(|pod| pod.metadata.name.to_string());
    (created.collect(), deleted.collect())
}

type Step<'a> = (i32, &'a [(i32, &'a str)], &'a [&'a str], &'a [&'a str]);

fn check(spec: &Value, table: &[Step<'_>]) {
    for (replicas, pods, created, deleted) in table {
        let found = steps(&set(*replicas, spec.clone()), pods);
        let expected = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            found,
            (expected(created), expected(deleted)),
            "{replicas} {pods:?}"
        );
    }
}

#[test]
fn pods_come_and_go_in_order() {
    check(
        &json!({}),
        &[
            (3, &[], &["db-0"], &[]),
            (3, &[(0, "starting")], &[], &[]),
            (3, &[(0, "ready")], &["db-1"], &[]),
            (3, &[(0, "ready"), (2, "ready")], &["db-1"], &[]),
            (3, &[(0, "failed"), (1, "ready")], &[], &["db-0"]),
            (3, &[(0, "going"), (1, "ready")], &[], &[]),
            (1, &[(0, "ready"), (1, "ready"), (2, "ready")], &[], &["db-2"]),
            (1, &[(0, "ready"), (1, "ready"), (2, "going")], &[], &[]),
        ],
    );
}

#[test]
fn in_parallel_they_do_not_wait() {
    check(
        &json!({"podManagementPolicy": "Parallel", "ordinals": {"start": 5}}),
        &[
            (2, &[], &["db-5", "db-6"], &[]),
            (2, &[(5, "starting")], &["db-6"], &[]),
            (
                1,
                &[(5, "ready"), (6, "ready"), (7, "ready")],
                &[],
                &["db-7", "db-6"],
            ),
        ],
    );
}

#[test]
fn an_update_goes_down_from_the_highest() {
    let rolling = |partition: i32| json!({"updateStrategy": {"rollingUpdate": {"partition": partition}}});
    check(
        &rolling(0),
        &[
            (3, &[(0, "old"), (1, "old"), (2, "old")], &[], &["db-2"]),
            (3, &[(0, "old"), (1, "old"), (2, "starting")], &[], &[]),
            (3, &[(0, "old"), (1, "old"), (2, "ready")], &[], &["db-1"]),
            (3, &[(0, "ready"), (1, "ready"), (2, "ready")], &[], &[]),
        ],
    );
    check(
        &rolling(2),
        &[
            (3, &[(0, "old"), (1, "old"), (2, "old")], &[], &["db-2"]),
            (3, &[(0, "old"), (1, "old"), (2, "ready")], &[], &[]),
        ],
    );
    let on_delete = json!({"updateStrategy": {"type": "OnDelete"}});
    check(&on_delete, &[(1, &[(0, "old")], &[], &[])]);
}

#[test]
fn a_pod_has_a_name_and_volumes_of_its_own() {
    let set = set(
        1,
        json!({"volumeClaimTemplates": [{"metadata": {"name": "data"}}]}),
    );
    let pod = identity::pod(&set, 4);
    assert_eq!(
        pod["metadata"]["labels"]["statefulset.kubernetes.io/pod-name"],
        "db-4"
    );
    assert_eq!(pod["metadata"]["labels"]["apps.kubernetes.io/pod-index"], "4");
    assert_eq!(
        (&pod["spec"]["hostname"], &pod["spec"]["subdomain"]),
        (&json!("db-4"), &json!("db"))
    );
    assert_eq!(
        pod["spec"]["volumes"][0]["persistentVolumeClaim"]["claimName"],
        "data-db-4"
    );
}

#[test]
fn the_current_revision_follows_when_all_is_done() {
    let mut wanted = set(2, json!({}));
    wanted.status.current_revision = "db-before".into();
    let revisions = |pods: &[(i32, &str)]| {
        let pods: Vec<Arc<Pod>> = pods.iter().map(|(ordinal, state)| pod(*ordinal, state)).collect();
        let status = plan(&wanted, &pods, true, now()).status.unwrap();
        (
            status["currentRevision"] == status["updateRevision"],
            status["updatedReplicas"].clone(),
        )
    };
    assert_eq!(revisions(&[(0, "old"), (1, "ready")]), (false, json!(1)));
    assert_eq!(revisions(&[(0, "ready"), (1, "ready")]), (true, json!(2)));
}
