//! An API server, reached through a door that tests can close.

use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use http::{Method, Request, Response, StatusCode};
use http_body_util::{Either, Full};
use kinglet_apiserver::{ApiServer, Settings as ServerSettings, Identity};
use kinglet_cloud::{CloudController, CloudSettings, CloudState};
use kinglet_kube::Client;
use serde_json::{Value, json};
use tokio_util::sync::{CancellationToken, DropGuard};

/// How long anything may take, on a loaded machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// What a door answers instead of the server; `None` lets everything pass.
type Refusal = Option<StatusCode>;

/// A way to the API server that can be closed.
#[derive(Clone, Default)]
pub(crate) struct Door(Arc<Mutex<Refusal>>);

impl Door {
    pub(crate) fn close(&self, code: StatusCode) {
        *self.0.lock().unwrap() = Some(code);
    }

    pub(crate) fn open(&self) {
        *self.0.lock().unwrap() = None;
    }

    fn refusal(&self) -> Refusal {
        *self.0.lock().unwrap()
    }
}

pub(crate) struct Cluster {
    server: ApiServer,
    pub(crate) client: Client,
    pub(crate) stop: CancellationToken,
    _guard: DropGuard,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let server = ApiServer::open(ServerSettings::default()).unwrap();
        let stop = CancellationToken::new();
        Self {
            client: through(&server, &Door::default()),
            server,
            _guard: stop.clone().drop_guard(),
            stop,
        }
    }

    /// A client whose requests go through a door.
    pub(crate) fn through(&self, door: &Door) -> Client {
        through(&self.server, door)
    }

    /// Starts a cloud controller with fast settings.
    pub(crate) fn cloud(&self, host: &str) -> Running {
        self.cloud_through(host, self.client.clone())
    }

    pub(crate) fn cloud_through(&self, host: &str, client: Client) -> Running {
        let controller = CloudController::new(settings(host));
        let stop = self.stop.child_token();
        let task = tokio::spawn(controller.run(client, stop.clone()));
        Running {
            controller,
            stop,
            task,
        }
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: &Value) -> Result<Value, Value> {
        let content = if method == Method::PATCH {
            "application/merge-patch+json"
        } else {
            "application/json"
        };
        let body = if body.is_null() {
            Vec::new()
        } else {
            serde_json::to_vec(body).unwrap()
        };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("Content-Type", content);
        let request = request.body(body.into()).unwrap();
        let response = self.client.send(request).await.unwrap();
        let fine = response.status().is_success();
        let bytes = response.into_body().collect_bytes().await.unwrap();
        let answer = serde_json::from_slice(&bytes).unwrap();
        if fine { Ok(answer) } else { Err(answer) }
    }

    pub(crate) async fn get(&self, path: &str) -> Value {
        self.send(Method::GET, path, &Value::Null)
            .await
            .unwrap_or_default()
    }

    /// Registers a node as a kubelet with an external cloud provider does.
    pub(crate) async fn register(&self, name: &str, annotations: Value) {
        self.create(name, annotations, json!({"taints": [
            {"key": "node.cloudprovider.kubernetes.io/uninitialized", "value": "true", "effect": "NoSchedule"},
            {"key": "example.com/other", "effect": "NoExecute"},
        ]}))
        .await;
    }

    pub(crate) async fn create(&self, name: &str, annotations: Value, spec: Value) {
        let node = json!({
            "apiVersion": "v1", "kind": "Node",
            "metadata": {"name": name, "annotations": annotations, "labels": {"kubernetes.io/hostname": name}},
            "spec": spec,
        });
        self.send(Method::POST, "/api/v1/nodes", &node).await.unwrap();
    }

    pub(crate) async fn annotate(&self, name: &str, annotations: Value) {
        let patch = json!({"metadata": {"annotations": annotations}});
        self.send(Method::PATCH, &node_path(name), &patch).await.unwrap();
    }

    /// Waits until the answer of a path fulfils a condition, and answers it.
    pub(crate) async fn until(&self, path: &str, condition: impl Fn(&Value) -> bool) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let now = self.get(path).await;
            if condition(&now) {
                return now;
            }
            assert!(Instant::now() < deadline, "{path} stays at {now:#}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Waits until a node has exactly these addresses, each as `type address`.
    pub(crate) async fn addresses(&self, name: &str, expected: &[&str]) -> Value {
        self.until(&node_path(name), |node| addresses(node) == expected)
            .await
    }

    /// Waits until a node is initialized.
    pub(crate) async fn initialized(&self, name: &str) -> Value {
        self.until(&node_path(name), |node| !node.is_null() && !is_tainted(node))
            .await
    }

    /// Waits for an Event about an object, and answers its text.
    pub(crate) async fn event(&self, namespace: &str, object: &str, reason: &str) -> String {
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

    pub(crate) async fn holder(&self) -> String {
        let lease = self.get(LEASE).await;
        lease["spec"]["holderIdentity"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

pub(crate) const LEASE: &str =
    "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/k3s-cloud-controller-manager";

/// A running cloud controller.
pub(crate) struct Running {
    pub(crate) controller: CloudController,
    pub(crate) stop: CancellationToken,
    pub(crate) task: tokio::task::JoinHandle<()>,
}

impl Running {
    /// Waits for a state.
    pub(crate) async fn reaches(&self, wanted: impl Fn(&CloudState) -> bool) -> CloudState {
        let mut state = self.controller.state();
        let reached = tokio::time::timeout(PATIENCE, state.wait_for(|state| wanted(state))).await;
        reached.expect("the state is reached in time").unwrap().clone()
    }
}

fn settings(host: &str) -> CloudSettings {
    let mut settings = CloudSettings::new(host);
    settings.refresh = Duration::from_millis(500);
    settings.patience = Duration::from_millis(300);
    settings.election.duration = Duration::from_secs(2);
    settings.election.renew_deadline = Duration::from_millis(1200);
    settings.election.retry = Duration::from_millis(100);
    settings
}

fn through(server: &ApiServer, door: &Door) -> Client {
    let (server, door) = (server.clone(), door.clone());
    kinglet_kube::in_process(move |mut request: Request<_>| {
        request.extensions_mut().insert(Identity::admin());
        let (server, refusal) = (server.clone(), door.refusal());
        async move {
            match refusal {
                None => server.handle(request).await.map(Either::Left),
                Some(code) => refused(code).map(Either::Right),
            }
        }
    })
}

fn refused(code: StatusCode) -> Response<Full<bytes::Bytes>> {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(),
        "reason": if code == StatusCode::FORBIDDEN { "Forbidden" } else { "ServiceUnavailable" },
        "message": "the door is closed",
    });
    let mut response = Response::new(Full::new(status.to_string().into()));
    *response.status_mut() = code;
    response
}

pub(crate) fn node_path(name: &str) -> String {
    format!("/api/v1/nodes/{name}")
}

/// `type address` of each.
pub(crate) fn addresses(node: &Value) -> Vec<String> {
    let all = node["status"]["addresses"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    all.map(|one| format!("{} {}", text(&one["type"]), text(&one["address"])))
        .collect()
}

pub(crate) fn is_tainted(node: &Value) -> bool {
    let taints = node["spec"]["taints"].as_array();
    taints.is_some_and(|all| {
        all.iter()
            .any(|taint| taint["key"] == "node.cloudprovider.kubernetes.io/uninitialized")
    })
}
