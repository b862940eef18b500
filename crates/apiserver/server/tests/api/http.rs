//! Representations, discovery, authentication.

use bytes::Bytes;
use futures::StreamExt;
use http::Request;
use http_body_util::{BodyExt, Full};
use kinglet_apiserver::{Body, Identity};
use serde_json::{Value, json};

use super::harness::{Api, CONFIG_MAPS};

async fn ask(api: &Api, path: &str, headers: &[(&str, &str)]) -> http::Response<Body> {
    let mut request = Request::get(path).extension(Identity::admin());
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    api.raw(request.body(Full::new(Bytes::new())).unwrap()).await
}

async fn text(response: http::Response<Body>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[tokio::test]
async fn tables_metadata_and_yaml() {
    let api = Api::in_memory();
    api.config_map("a").await;
    let table = ask(
        &api,
        CONFIG_MAPS,
        &[("accept", "application/json;as=Table;v=v1;g=meta.k8s.io")],
    )
    .await;
    let table: Value = serde_json::from_str(&text(table).await).unwrap();
    assert_eq!(table["kind"], "Table");
    assert_eq!(table["columnDefinitions"][0]["name"], "Name");
    assert_eq!(table["rows"][0]["cells"][0], "a");
    let accept = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
    let partial: Value =
        serde_json::from_str(&text(ask(&api, CONFIG_MAPS, &[("accept", accept)]).await).await).unwrap();
    assert_eq!(
        (&partial["kind"], &partial["items"][0]["metadata"]["name"]),
        (&json!("PartialObjectMetadataList"), &json!("a"))
    );
    assert_eq!(partial["items"][0].get("data"), None);
    let yaml = text(
        ask(
            &api,
            &format!("{CONFIG_MAPS}/a"),
            &[("accept", "application/yaml")],
        )
        .await,
    )
    .await;
    assert!(yaml.contains("kind: ConfigMap\n"), "{yaml}");
    let refused = ask(&api, CONFIG_MAPS, &[("accept", "text/html")]).await;
    assert_eq!(refused.status(), 406);
}

#[tokio::test]
async fn large_answers_are_compressed() {
    let api = Api::in_memory();
    let mut object = super::harness::config_map("large");
    object["data"]["x"] = "x".repeat(200 << 10).into();
    api.post(CONFIG_MAPS, object).await;
    let response = ask(&api, CONFIG_MAPS, &[("accept-encoding", "gzip")]).await;
    assert_eq!(response.headers()["content-encoding"], "gzip");
    let body = response.into_body().collect().await.unwrap().to_bytes();
    assert!(body.len() < 20 << 10, "{} bytes", body.len());
}

#[tokio::test]
async fn discovery_by_accept() {
    let api = Api::in_memory();
    let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json";
    let response = ask(&api, "/apis", &[("accept", aggregated)]).await;
    let kind = response.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(
        kind,
        "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    );
    let tag = response.headers()["etag"].to_str().unwrap().to_owned();
    let again = ask(&api, "/apis", &[("accept", aggregated), ("if-none-match", &tag)]).await;
    assert_eq!(again.status(), 304);
    let (_, legacy) = api.get("/apis").await;
    assert_eq!(legacy["kind"], "APIGroupList");
    let (_, resources) = api.get("/api/v1").await;
    let services = resources["resources"]
        .as_array()
        .unwrap()
        .iter()
        .find(|one| one["name"] == "services")
        .unwrap();
    assert_eq!(
        (&services["kind"], &services["shortNames"]),
        (&json!("Service"), &json!(["svc"]))
    );
}

#[tokio::test]
async fn openapi_documents_are_found_by_their_hash() {
    let api = Api::in_memory();
    let (_, index) = api.get("/openapi/v3").await;
    let url = index["paths"]["apis/apps/v1"]["serverRelativeURL"]
        .as_str()
        .unwrap()
        .to_owned();
    let response = ask(&api, &url, &[]).await;
    assert_eq!(response.headers()["cache-control"], "public, immutable");
    let document: Value = serde_json::from_str(&text(response).await).unwrap();
    assert!(
        document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"].is_object()
    );
    let old = ask(&api, "/openapi/v3/apis/apps/v1?hash=OLD", &[]).await;
    assert_eq!(
        (old.status().as_u16(), old.headers()["location"].to_str().unwrap()),
        (301, url.as_str())
    );
    let protobuf = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";
    let old = ask(&api, "/openapi/v2", &[("accept", protobuf)]).await;
    assert_eq!(
        (
            old.status().as_u16(),
            old.headers()["content-type"].to_str().unwrap()
        ),
        // As Kubernetes answers: without the `@`, which Go's parser of media types refuses.
        (200, "application/com.github.proto-openapi.spec.v2.v1.0+protobuf")
    );
}

#[tokio::test]
async fn strangers_are_refused() {
    let api = Api::in_memory();
    let bare = |path: &str, header: Option<String>| {
        let mut request = Request::get(path);
        if let Some(value) = header {
            request = request.header("authorization", value);
        }
        request.body(Full::new(Bytes::new())).unwrap()
    };
    assert_eq!(api.raw(bare(CONFIG_MAPS, None)).await.status(), 401);
    assert_eq!(
        api.raw(bare(CONFIG_MAPS, Some("Bearer wrong".into())))
            .await
            .status(),
        401
    );
    let token = format!("Bearer {}", api.0.token());
    assert_eq!(api.raw(bare(CONFIG_MAPS, Some(token))).await.status(), 200);
    for open in ["/healthz", "/livez", "/readyz?verbose", "/version"] {
        assert_eq!(api.raw(bare(open, None)).await.status(), 200, "{open}");
    }
    let mut request = bare(CONFIG_MAPS, None);
    request.extensions_mut().insert(Identity::user("jane", []));
    assert_eq!(api.raw(request).await.status(), 403);
}

#[tokio::test]
async fn reviews_answer_about_the_sender() {
    let api = Api::in_memory();
    let (status, who) = api
        .post("/apis/authentication.k8s.io/v1/selfsubjectreviews", json!({}))
        .await;
    assert_eq!(
        (status, &who["status"]["userInfo"]["username"]),
        (201, &json!("system:admin"))
    );
    let may = json!({"spec": {"resourceAttributes": {"verb": "get", "resource": "pods"}}});
    let (_, access) = api
        .post("/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", may)
        .await;
    assert_eq!(access["status"]["allowed"], true);
}

#[tokio::test]
async fn what_is_not_served_says_so() {
    let api = Api::in_memory();
    let cases = [
        ("/api/v1/nonsense", 404, "NotFound"),
        ("/api/v1/namespaces/default/pods/a/log", 501, "NotImplemented"),
        ("/api/v1/namespaces/default/configmaps/none", 404, "NotFound"),
    ];
    for (path, status, reason) in cases {
        let (found, answer) = api.get(path).await;
        assert_eq!(
            (found, answer["reason"].as_str()),
            (status, Some(reason)),
            "{path}"
        );
    }
    assert_eq!(api.put(CONFIG_MAPS, json!({})).await.0, 405);
    let huge = json!({"data": {"a": "x".repeat(4 << 20)}});
    assert_eq!(api.post(CONFIG_MAPS, huge).await.0, 413);
}

#[tokio::test]
async fn nobody_is_impersonated() {
    let api = Api::in_memory();
    for header in [
        "impersonate-user",
        "impersonate-group",
        "impersonate-uid",
        "impersonate-extra-a",
    ] {
        let response = ask(&api, CONFIG_MAPS, &[(header, "alice")]).await;
        assert_eq!(response.status(), 403, "{header}");
        let status: Value = serde_json::from_str(&text(response).await).unwrap();
        let message = status["message"].as_str().unwrap();
        assert!(
            message.contains("cannot act or answer as somebody else"),
            "{message}"
        );
    }
    let reviews = "/apis/authorization.k8s.io/v1";
    let ask = |user: &str, groups: Value| json!({"spec": {"user": user, "groups": groups, "resourceAttributes": {"verb": "delete", "resource": "nodes"}}});
    for (user, groups, allowed) in [
        ("alice", json!([]), false),
        ("alice", json!(["system:masters"]), true),
        ("system:admin", json!([]), true),
        (
            "system:serviceaccount:default:default",
            json!(["system:serviceaccounts"]),
            false,
        ),
    ] {
        for path in [
            "subjectaccessreviews",
            "namespaces/default/localsubjectaccessreviews",
        ] {
            let (_, review) = api
                .post(&format!("{reviews}/{path}"), ask(user, groups.clone()))
                .await;
            assert_eq!(review["status"]["allowed"], allowed, "{path} {user} {review}");
        }
    }
}

/// Over HTTP/2 an answer before the end of the body would reach few clients.
#[tokio::test]
async fn a_large_body_is_read_to_its_end() {
    let api = Api::in_memory();
    let read = std::sync::Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = read.clone();
    let chunks = futures::stream::iter(0..8).map(move |_| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        Ok::<_, std::convert::Infallible>(http_body::Frame::data(Bytes::from(vec![b' '; 1 << 20])))
    });
    let request = Request::post(CONFIG_MAPS)
        .extension(Identity::admin())
        .body(http_body_util::StreamBody::new(chunks))
        .unwrap();
    assert_eq!(api.0.handle(request).await.status(), 413);
    assert_eq!(read.load(std::sync::atomic::Ordering::Relaxed), 8);
}
