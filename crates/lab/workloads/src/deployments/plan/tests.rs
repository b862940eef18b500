//! Tables of Deployments and ReplicaSets with the next step, and whole rollouts against a simulated cluster.

mod rollout;

use serde_json::json;

use super::super::super::objects::condition;
use super::super::super::template::{self, LABEL_TEMPLATE_HASH};
use super::*;

fn now() -> Timestamp {
    "2026-01-01T12:00:00Z".parse().unwrap()
}

fn pod_template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "main", "image": image}]}})
}

/// A Deployment of an image; `spec` replaces fields.
fn deployment(replicas: i32, image: &str, spec: Value) -> Deployment {
    let mut object = json!({
        "metadata": {"name": "web", "namespace": "shop", "uid": "deployment", "generation": 1,
            "annotations": {"kubernetes.io/change-cause": "because"}},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"}},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 2,
            "template": pod_template(image),
        },
    });
    for (field, value) in spec.as_object().into_iter().flatten() {
        object["spec"][field] = value.clone();
    }
    serde_json::from_value(object).unwrap()
}

/// A ReplicaSet of the Deployment: its image, revision, wanted and available Pods.
fn set(image: &str, revision: i64, replicas: i32, available: i32) -> Arc<ReplicaSet> {
    let plain = pod_template(image);
    let hash = template::hash(&plain, 0);
    let created = format!("2026-01-01T10:{revision:02}:00Z");
    let object = json!({
        "metadata": {
            "name": format!("web-{hash}"),
            "namespace": "shop",
            "uid": hash,
            "creationTimestamp": created,
            "labels": {"app": "web", LABEL_TEMPLATE_HASH: hash},
            "annotations": {
                "kubernetes.io/change-cause": "because",
                "deployment.kubernetes.io/revision": revision.to_string(),
            },
            "ownerReferences": [{"uid": "deployment", "controller": true}],
        },
        "spec": {"replicas": replicas, "template": template::labelled(&plain, LABEL_TEMPLATE_HASH, &hash)},
        "status": {"replicas": replicas, "readyReplicas": available, "availableReplicas": available},
    });
    Arc::new(serde_json::from_value(object).unwrap())
}

/// The images and new sizes of the ReplicaSets that a plan resizes.
fn sizes(plan: &DeploymentPlan) -> Vec<(String, i32)> {
    let image = |set: &ReplicaSet| {
        let image = set.template.pointer("/spec/containers/0/image");
        image.and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    plan.resize
        .iter()
        .map(|(set, size)| (image(set), *size))
        .collect()
}

fn progressing(plan: &DeploymentPlan) -> (&str, &str) {
    let found = condition(&plan.status.conditions, "Progressing").unwrap();
    (&found.status, &found.reason)
}

#[test]
fn the_first_replica_set_is_as_big_as_wanted() {
    let plan = plan(&deployment(4, "a", json!({})), &[], now());
    let created = plan.create.as_ref().unwrap();
    let hash = template::hash(&pod_template("a"), 0);
    assert_eq!(created["metadata"]["name"], format!("web-{hash}"));
    assert_eq!(created["spec"]["replicas"], 4);
    assert_eq!(
        created["spec"]["selector"]["matchLabels"],
        json!({"app": "web", LABEL_TEMPLATE_HASH: hash})
    );
    let annotations = &created["metadata"]["annotations"];
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "1");
    assert_eq!(annotations["kubernetes.io/change-cause"], "because");
    assert_eq!(plan.revision.as_deref(), Some("1"));
    assert_eq!(progressing(&plan), ("True", "NewReplicaSetCreated"));
}

/// Image, revision, wanted and available Pods.
type Present = (&'static str, i64, i32, i32);
/// Image and new size.
type Size = (&'static str, i32);

#[test]
fn steps_of_a_rolling_update() {
    let table: &[(&[Present], &[Size])] = &[
        // The new one grows by the surge, then old ones shrink as far as enough Pods serve.
        (&[("a", 1, 4, 4), ("b", 2, 0, 0)], &[("b", 1)]),
        (&[("a", 1, 4, 4), ("b", 2, 1, 0)], &[("a", 3)]),
        (&[("a", 1, 3, 3), ("b", 2, 1, 0)], &[("b", 2)]),
        (&[("a", 1, 3, 3), ("b", 2, 2, 0)], &[]),
        (&[("a", 1, 3, 3), ("b", 2, 2, 2)], &[("a", 1)]),
        (&[("a", 1, 0, 0), ("b", 2, 4, 4)], &[]),
        // What does not serve goes first.
        (&[("a", 1, 4, 1), ("b", 2, 1, 0)], &[("a", 3)]),
        // Two old ones: what does not serve in either, then what serves in the older.
        (
            &[("a", 1, 2, 2), ("b", 2, 2, 1), ("c", 3, 1, 1)],
            &[("a", 1), ("b", 1)],
        ),
    ];
    for (present, expected) in table {
        let sets: Vec<Arc<ReplicaSet>> = present
            .iter()
            .map(|(image, revision, replicas, available)| set(image, *revision, *replicas, *available))
            .collect();
        let image = present.last().unwrap().0;
        let plan = plan(&deployment(4, image, json!({})), &sets, now());
        let expected: Vec<(String, i32)> = expected
            .iter()
            .map(|(image, size)| ((*image).to_owned(), *size))
            .collect();
        assert_eq!(sizes(&plan), expected, "{present:?}");
    }
}

#[test]
fn recreate_waits_until_all_old_pods_are_gone() {
    let recreate = deployment(3, "b", json!({"strategy": {"type": "Recreate"}}));
    let first = plan(&recreate, &[set("a", 1, 3, 3)], now());
    assert_eq!(
        (sizes(&first), first.create.is_none()),
        (vec![("a".to_owned(), 0)], true)
    );
    let mut ending = (*set("a", 1, 0, 0)).clone();
    ending.status.terminating_replicas = 1;
    let second = plan(&recreate, &[Arc::new(ending)], now());
    assert!(second.create.is_none() && second.resize.is_empty());
    let third = plan(&recreate, &[set("a", 1, 0, 0)], now());
    assert_eq!(third.create.unwrap()["spec"]["replicas"], 3);
}

#[test]
fn a_change_of_the_number_in_an_update_moves_both_ends() {
    let sizes_for = |replicas, image| {
        let sets = [set("a", 1, 3, 3), set("b", 2, 2, 0)];
        sizes(&plan(&deployment(replicas, image, json!({})), &sets, now()))
    };
    assert_eq!(sizes_for(8, "b"), [("b".to_owned(), 7)]);
    assert_eq!(sizes_for(2, "b"), [("a".to_owned(), 2)]);
    assert_eq!(sizes_for(0, "b"), [("b".to_owned(), 0)]);
    let one = plan(&deployment(9, "a", json!({})), &[set("a", 1, 4, 4)], now());
    assert_eq!(sizes(&one), [("a".to_owned(), 9)]);
}

#[test]
fn a_paused_deployment_only_changes_its_number() {
    let paused = deployment(4, "b", json!({"paused": true}));
    let same = plan(&paused, &[set("a", 1, 4, 4)], now());
    assert!(same.create.is_none() && same.resize.is_empty());
    assert_eq!(progressing(&same), ("Unknown", "DeploymentPaused"));
    let more = plan(&paused, &[set("a", 1, 3, 3)], now());
    assert_eq!(sizes(&more), [("a".to_owned(), 4)]);
}

#[test]
fn rolling_back_uses_the_old_replica_set_and_a_new_revision() {
    let sets = [set("a", 1, 0, 0), set("b", 2, 4, 4)];
    let plan = plan(&deployment(4, "a", json!({})), &sets, now());
    assert!(plan.create.is_none());
    let (updated, annotations) = plan.update.unwrap();
    assert_eq!(updated.metadata.name, sets[0].metadata.name);
    assert_eq!(annotations["deployment.kubernetes.io/revision"], "3".into());
    assert_eq!(
        annotations["deployment.kubernetes.io/revision-history"],
        "1".into()
    );
    assert_eq!(plan.revision.as_deref(), Some("3"));
}

#[test]
fn the_earliest_revisions_are_forgotten_when_all_is_done() {
    let mut sets: Vec<Arc<ReplicaSet>> = (1..5)
        .map(|revision| set(&format!("old{revision}"), revision, 0, 0))
        .collect();
    sets.push(set("new", 5, 2, 1));
    let names = |plan: &DeploymentPlan| -> Vec<Arc<str>> {
        plan.delete.iter().map(|set| set.metadata.name.clone()).collect()
    };
    let wanted = deployment(2, "new", json!({}));
    assert!(names(&plan(&wanted, &sets, now())).is_empty(), "not yet");
    sets[4] = set("new", 5, 2, 2);
    let expected: Vec<Arc<str>> = sets[..2].iter().map(|set| set.metadata.name.clone()).collect();
    assert_eq!(names(&plan(&wanted, &sets, now())), expected);
}

#[test]
fn conditions_tell_how_it_goes() {
    let sets = |available| [set("a", 1, 4, available)];
    let mut wanted = deployment(4, "a", json!({}));
    let found = plan(&wanted, &sets(0), now());
    assert_eq!(progressing(&found), ("True", "ReplicaSetUpdated"));
    let available = condition(&found.status.conditions, "Available").unwrap();
    assert_eq!(&*available.reason, "MinimumReplicasUnavailable");
    assert_eq!(found.again, Some(Duration::from_secs(600)));

    wanted.status = found.status;
    let later = now() + Duration::from_secs(599);
    let waiting = plan(&wanted, &sets(0), later);
    assert_eq!(waiting.status, wanted.status, "nothing has happened");
    assert_eq!(waiting.again, Some(Duration::from_secs(1)));
    let late = plan(&wanted, &sets(0), now() + Duration::from_secs(600));
    assert_eq!(progressing(&late), ("False", "ProgressDeadlineExceeded"));

    wanted.status = late.status;
    let again = plan(&wanted, &sets(1), now() + Duration::from_secs(700));
    assert_eq!(progressing(&again), ("True", "ReplicaSetUpdated"));
    wanted.status = again.status;
    let done = plan(&wanted, &sets(4), now() + Duration::from_secs(800));
    assert_eq!(progressing(&done), ("True", "NewReplicaSetAvailable"));
    assert_eq!((done.status.unavailable_replicas, done.again), (0, None));
    wanted.status = done.status;
    // A Pod that fails later is no lack of progress.
    let worse = plan(&wanted, &sets(2), now() + Duration::from_secs(9000));
    assert_eq!(progressing(&worse), ("True", "NewReplicaSetAvailable"));
    assert_eq!(
        &*condition(&worse.status.conditions, "Available").unwrap().status,
        "False"
    );
}
