//! A server in memory and short ways to ask it.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full};
use kinglet_apiserver::{ApiServer, ApiServerSettings, Body, Identity};
use serde_json::{Value, json};

/// A server and its answers as JSON.
#[derive(Clone)]
pub(crate) struct Api(pub(crate) ApiServer);

/// Status code and body.
pub(crate) type Answer = (u16, Value);

impl Api {
    pub(crate) fn in_memory() -> Self {
        Self(ApiServer::open(ApiServerSettings::default()).unwrap())
    }

    pub(crate) fn open(directory: &Path) -> Self {
        let settings = ApiServerSettings {
            data_dir: Some(directory.to_owned()),
            ..ApiServerSettings::default()
        };
        Self(ApiServer::open(settings).unwrap())
    }

    pub(crate) async fn raw(&self, request: Request<Full<Bytes>>) -> Response<Body> {
        self.0.handle(request).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, media_type: &str, body: &Value) -> Answer {
        let bytes = if body.is_null() {
            Bytes::new()
        } else {
            body.to_string().into()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("content-type", media_type)
            .header("user-agent", "tests/1")
            .extension(Identity::admin())
            .body(Full::new(bytes))
            .unwrap();
        let response = self.raw(request).await;
        let status = response.status().as_u16();
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        (status, serde_json::from_slice(&bytes).unwrap_or(Value::Null))
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, "", &Value::Null).await
    }

    pub(crate) async fn post(&self, path: &str, body: Value) -> Answer {
        self.send(Method::POST, path, "application/json", &body).await
    }

    pub(crate) async fn put(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PUT, path, "application/json", &body).await
    }

    pub(crate) async fn merge(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, "application/merge-patch+json", &body)
            .await
    }

    pub(crate) async fn apply(&self, path: &str, body: Value) -> Answer {
        self.send(Method::PATCH, path, "application/apply-patch+yaml", &body)
            .await
    }

    pub(crate) async fn delete(&self, path: &str, body: Value) -> Answer {
        self.send(Method::DELETE, path, "application/json", &body).await
    }

    /// Creates a ConfigMap in `default` and returns it.
    pub(crate) async fn config_map(&self, name: &str) -> Value {
        let (status, object) = self.post(CONFIG_MAPS, config_map(name)).await;
        assert_eq!(status, 201, "{object}");
        object
    }

    pub(crate) async fn watch(&self, path: &str) -> Watch {
        let request = Request::get(path)
            .extension(Identity::admin())
            .body(Full::new(Bytes::new()))
            .unwrap();
        let response = self.raw(request).await;
        assert_eq!(response.status(), 200, "{path}");
        Watch {
            body: response.into_body(),
            rest: Vec::new(),
        }
    }
}

pub(crate) const CONFIG_MAPS: &str = "/api/v1/namespaces/default/configmaps";

pub(crate) fn config_map(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "labels": {"app": name}}, "data": {"a": "1"}})
}

/// The events of a watch.
pub(crate) struct Watch {
    body: Body,
    rest: Vec<u8>,
}

impl Watch {
    /// The next event; fails when there is none for a while. `None` when the watch ends.
    pub(crate) async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some(end) = self.rest.iter().position(|byte| *byte == b'\n') {
                let line: Vec<u8> = self.rest.drain(..=end).collect();
                return Some(serde_json::from_slice(&line).unwrap());
            }
            let frame = tokio::time::timeout(Duration::from_secs(20), self.body.frame());
            let frame = frame.await.expect("no event came")?.unwrap();
            self.rest.extend_from_slice(&frame.into_data().unwrap());
        }
    }

    /// Type and name of the next event.
    pub(crate) async fn brief(&mut self) -> String {
        let event = self.next().await.expect("the watch ended");
        let name = event
            .pointer("/object/metadata/name")
            .and_then(Value::as_str)
            .unwrap_or_default();
        format!("{} {name}", event["type"].as_str().unwrap())
            .trim_end()
            .to_owned()
    }
}

/// The `resourceVersion` of an object or list.
pub(crate) fn revision(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"]
        .as_str()
        .unwrap()
        .parse()
        .unwrap()
}

/// The names of a list's items.
pub(crate) fn names(list: &Value) -> Vec<&str> {
    list["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|item| item["metadata"]["name"].as_str().unwrap())
        .collect()
}
