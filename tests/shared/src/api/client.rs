//! What tests read, write and wait for.

use std::time::{Duration, Instant};

use http::{Method, Request};
use kinglet_kube::Client;
use serde_json::{Value, json};

use crate::eventually::patience;

/// Content type of patches by RFC 7396.
pub const MERGE_PATCH: &str = "application/merge-patch+json";
const JSON: &str = "application/json";
/// Pause between two looks.
const PAUSE: Duration = Duration::from_millis(10);

/// Reads and writes objects by their paths. Methods that return no `Result` panic when the server refuses.
#[derive(Clone)]
pub struct Api {
    client: Client,
}

impl Api {
    /// With a client.
    pub fn new(client: Client) -> Self {
        Self { client }
    }

    /// The client, for what is tested.
    pub fn client(&self) -> &Client {
        &self.client
    }

    /// Sends a request; `null` is no body. The error is the `Status` with which the server refuses.
    ///
    /// # Errors
    /// The server refuses.
    ///
    /// # Panics
    /// There is no server.
    pub async fn send(&self, method: Method, path: &str, content: &str, body: Value) -> Result<Value, Value> {
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(&body).unwrap()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", content);
        let response = self
            .client
            .send(request.body(body.into()).unwrap())
            .await
            .unwrap();
        let fine = response.status().is_success();
        let bytes = response.into_body().collect_bytes().await.unwrap();
        // An unknown path is answered by a text.
        let answer =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into());
        if fine { Ok(answer) } else { Err(answer) }
    }

    /// Creates an object in a collection.
    pub async fn post(&self, path: &str, body: Value) -> Value {
        self.send(Method::POST, path, JSON, body).await.unwrap()
    }

    /// Changes an object by a merge patch.
    pub async fn patch(&self, path: &str, body: Value) -> Value {
        self.send(Method::PATCH, path, MERGE_PATCH, body).await.unwrap()
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) -> Value {
        self.delete_with(path, json!({})).await
    }

    /// Deletes an object with fields of `DeleteOptions`.
    pub async fn delete_with(&self, path: &str, options: Value) -> Value {
        let mut body = json!({"kind": "DeleteOptions", "apiVersion": "v1"});
        for (field, value) in options.as_object().into_iter().flatten() {
            body[field] = value.clone();
        }
        self.send(Method::DELETE, path, JSON, body).await.unwrap()
    }

    /// The object, or nothing.
    pub async fn get(&self, path: &str) -> Option<Value> {
        self.send(Method::GET, path, JSON, Value::Null).await.ok()
    }

    /// The objects of a collection.
    ///
    /// # Panics
    /// The server refuses.
    pub async fn items(&self, path: &str) -> Vec<Value> {
        let list = self.get(path).await.expect(path);
        list["items"].as_array().cloned().unwrap_or_default()
    }

    /// The `Status` with which a request is refused.
    ///
    /// # Panics
    /// It is not refused.
    pub async fn refused(&self, method: Method, path: &str, content: &str, body: Value) -> Value {
        self.send(method, path, content, body).await.unwrap_err()
    }

    /// Waits until the answer of a path fulfils a condition, and answers it; `null` if there is no object.
    ///
    /// # Panics
    /// It does not in time.
    pub async fn until(&self, path: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + patience();
        loop {
            let now = self.get(path).await.unwrap_or_default();
            if condition(&now) {
                return now;
            }
            assert!(Instant::now() < deadline, "{path} stays at {now:#}");
            tokio::time::sleep(PAUSE).await;
        }
    }

    /// Waits until an object is gone.
    pub async fn gone(&self, path: &str) {
        self.until(path, Value::is_null).await;
    }

    /// Waits for an Event about an object, and answers its text.
    pub async fn event(&self, namespace: &str, object: &str, reason: &str) -> String {
        let path = format!("/api/v1/namespaces/{namespace}/events");
        let found = |list: &Value| {
            let mut events = list["items"].as_array().into_iter().flatten();
            let event = events.find(|one| one["involvedObject"]["name"] == object && one["reason"] == reason);
            event.cloned()
        };
        let list = self.until(&path, |list| found(list).is_some()).await;
        let event = found(&list).unwrap_or_default();
        event["message"].as_str().unwrap_or_default().to_owned()
    }
}
