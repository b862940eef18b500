//! Lists: selectors, pages, revisions.

use serde_json::json;

use super::harness::{Api, CONFIG_MAPS, names, revision};

async fn with_five() -> Api {
    let api = Api::in_memory();
    for name in ["a", "b", "c", "d", "e"] {
        api.config_map(name).await;
    }
    api
}

#[tokio::test]
async fn pages_show_one_revision() {
    let api = with_five().await;
    let (_, first) = api.get(&format!("{CONFIG_MAPS}?limit=2")).await;
    assert_eq!(names(&first), ["a", "b"]);
    assert_eq!(first["metadata"]["remainingItemCount"], 3);
    api.config_map("bb").await;
    api.delete(&format!("{CONFIG_MAPS}/d"), json!(null)).await;
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = api.get(&format!("{CONFIG_MAPS}?limit=9&continue={token}")).await;
    assert_eq!(names(&rest), ["c", "d", "e"]);
    assert_eq!(revision(&rest), revision(&first));
    assert_eq!(rest["metadata"].get("continue"), None);
    let (_, exact) = api
        .get(&format!(
            "{CONFIG_MAPS}?resourceVersion={}&resourceVersionMatch=Exact",
            revision(&first)
        ))
        .await;
    assert_eq!(names(&exact), ["a", "b", "c", "d", "e"]);
    assert_eq!(names(&api.get(CONFIG_MAPS).await.1), ["a", "b", "bb", "c", "e"]);
}

#[tokio::test]
async fn an_expired_page_goes_on_inconsistently() {
    let api = with_five().await;
    let (_, first) = api.get(&format!("{CONFIG_MAPS}?limit=2")).await;
    let large = "x".repeat(900 << 10);
    for number in 0..6 {
        api.merge(
            &format!("{CONFIG_MAPS}/e"),
            json!({"data": {"large": large, "n": number.to_string()}}),
        )
        .await;
    }
    let token = first["metadata"]["continue"].as_str().unwrap();
    let (status, expired) = api.get(&format!("{CONFIG_MAPS}?continue={token}")).await;
    assert_eq!((status, &expired["reason"]), (410, &json!("Expired")));
    let token = expired["metadata"]["continue"].as_str().unwrap();
    let (_, rest) = api.get(&format!("{CONFIG_MAPS}?continue={token}")).await;
    assert_eq!(names(&rest), ["c", "d", "e"]);
}

#[tokio::test]
async fn selectors() {
    let api = with_five().await;
    let cases: [(&str, &[&str]); 5] = [
        ("labelSelector=app%3Da", &["a"]),
        ("labelSelector=app+in+(b,c)", &["b", "c"]),
        ("labelSelector=!app", &[]),
        ("fieldSelector=metadata.name%3Dd", &["d"]),
        ("fieldSelector=metadata.name!%3Dd", &["a", "b", "c", "e"]),
    ];
    for (query, expected) in cases {
        assert_eq!(
            names(&api.get(&format!("{CONFIG_MAPS}?{query}")).await.1),
            expected,
            "{query}"
        );
    }
    let (status, answer) = api.get(&format!("{CONFIG_MAPS}?fieldSelector=data.a=1")).await;
    let message = "\"data.a\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\"";
    assert_eq!((status, &answer["message"]), (400, &json!(message)));
}

#[tokio::test]
async fn a_revision_that_does_not_exist_yet() {
    let api = Api::in_memory();
    let (status, answer) = api.get(&format!("{CONFIG_MAPS}?resourceVersion=99999")).await;
    assert_eq!((status, &answer["reason"]), (504, &json!("Timeout")));
    assert_eq!(
        answer["details"]["causes"][0]["reason"],
        "ResourceVersionTooLarge"
    );
}

#[tokio::test]
async fn all_namespaces() {
    let api = with_five().await;
    api.post(
        "/api/v1/namespaces/kube-system/configmaps",
        super::harness::config_map("s"),
    )
    .await;
    assert_eq!(
        names(&api.get("/api/v1/configmaps").await.1),
        ["a", "b", "c", "d", "e", "s"]
    );
}
