//! Subresources that the kubelet of a Pod's node answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use kinglet_apiserver::{ApiServer, ApiServerSettings, Identity, KubeletClient};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::harness::Api;

/// A kubelet that answers every request alike, and what it was asked.
struct Kubelet {
    address: SocketAddr,
    heads: Arc<Mutex<Vec<String>>>,
}

impl Kubelet {
    async fn start(answer: &'static str) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let kubelet = Self {
            address: listener.local_addr().unwrap(),
            heads: Arc::default(),
        };
        let heads = kubelet.heads.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    head.push(stream.read_u8().await.unwrap());
                }
                heads.lock().unwrap().push(String::from_utf8(head).unwrap());
                stream.write_all(answer.as_bytes()).await.unwrap();
            }
        });
        kubelet
    }

    fn asked(&self) -> String {
        self.heads
            .lock()
            .unwrap()
            .pop()
            .expect("the kubelet was not asked")
    }
}

/// A server that reaches kubelets at the addresses of their Nodes.
fn server() -> Api {
    let settings = ApiServerSettings {
        kubelets: Some(KubeletClient::new("secret", |address| {
            Box::pin(TcpStream::connect(address))
        })),
        ..ApiServerSettings::default()
    };
    Api(ApiServer::open(settings).unwrap())
}

async fn node(api: &Api, address: SocketAddr) {
    let node = json!({
        "apiVersion": "v1", "kind": "Node", "metadata": {"name": "one"},
        "status": {
            "addresses": [{"type": "InternalIP", "address": address.ip()}],
            "daemonEndpoints": {"kubeletEndpoint": {"Port": address.port()}},
        },
    });
    assert_eq!(api.post("/api/v1/nodes", node.clone()).await.0, 201);
    assert_eq!(api.put("/api/v1/nodes/one/status", node).await.0, 200);
}

async fn pod(api: &Api, name: &str, node: Option<&str>) {
    let pod = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"nodeName": node, "containers": [{"name": "app", "image": "x"}, {"name": "side", "image": "x"}]},
    });
    let (status, answer) = api.post("/api/v1/namespaces/default/pods", pod).await;
    assert_eq!(status, 201, "{answer}");
}

async fn text(api: &Api, path: &str) -> (u16, String) {
    let request = http::Request::get(format!("/api/v1/namespaces/default/pods/{path}"))
        .header("cookie", "private")
        .extension(Identity::admin())
        .body(Full::default())
        .unwrap();
    let response = api.raw(request).await;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

fn message(text: &str) -> String {
    let status: Value = serde_json::from_str(text).unwrap();
    status["message"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn logs_come_from_the_kubelet_of_the_node() {
    let kubelet = Kubelet::start("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nhello\n").await;
    let api = server();
    node(&api, kubelet.address).await;
    pod(&api, "web", Some("one")).await;
    let logs = text(&api, "web/log?container=side&tailLines=1").await;
    assert_eq!(logs, (200, "hello\n".to_owned()));
    let asked = kubelet.asked();
    assert!(
        asked.starts_with("GET /containerLogs/default/web/side?tailLines=1 HTTP/1.1\r\n"),
        "{asked}"
    );
    assert!(asked.contains("authorization: Bearer secret\r\n"), "{asked}");
    // What is for this server only stays here.
    assert!(!asked.contains("private"), "{asked}");
}

#[tokio::test]
async fn what_a_kubelet_refuses_is_refused() {
    let kubelet =
        Kubelet::start("HTTP/1.1 400 Bad Request\r\ncontent-length: 17\r\n\r\n{\"message\":\"no\"}\n").await;
    let api = server();
    node(&api, kubelet.address).await;
    pod(&api, "web", Some("one")).await;
    let refused = text(&api, "web/exec?container=app&command=sh&stdout=1").await;
    assert_eq!((refused.0, message(&refused.1).as_str()), (400, "no"));
    let asked = kubelet.asked();
    assert!(
        asked.starts_with("GET /exec/default/web/app?output=1&command=sh HTTP/1.1\r\n"),
        "{asked}"
    );
}

#[tokio::test]
async fn what_is_missing_is_named() {
    let api = server();
    pod(&api, "waits", None).await;
    // Nobody runs it yet: it has said nothing.
    assert_eq!(text(&api, "waits/log?container=app").await, (200, String::new()));
    for (path, code, expected) in [
        ("nobody/log", 404, "pods \"nobody\" not found"),
        (
            "waits/exec?command=sh&stdout=1&container=app",
            400,
            "pod waits does not have a host assigned",
        ),
        (
            "waits/log",
            400,
            "a container name must be specified for pod waits, choose one of: [app side]",
        ),
        (
            "waits/log?container=x",
            400,
            "container x is not valid for pod waits",
        ),
        (
            "waits/exec?command=sh&container=app",
            400,
            "you must specify at least 1 of stdin, stdout, stderr",
        ),
    ] {
        let (status, body) = text(&api, path).await;
        assert_eq!((status, message(&body).as_str()), (code, expected), "{path}");
    }
    // Bound to a node that has no kubelet, or whose kubelet is gone.
    pod(&api, "lost", Some("none")).await;
    let (status, body) = text(&api, "lost/log?container=app").await;
    assert_eq!(
        (status, message(&body).as_str()),
        (404, "nodes \"none\" not found")
    );
    let gone = {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        listener.local_addr().unwrap()
    };
    node(&api, gone).await;
    pod(&api, "web", Some("one")).await;
    let (status, body) = text(&api, "web/log?container=app").await;
    let said = message(&body);
    assert_eq!(status, 503, "{said}");
    assert!(
        said.starts_with(&format!("the kubelet of node \"one\" at {gone} cannot be asked")),
        "{said}"
    );
}

#[tokio::test]
async fn without_kubelets_the_answer_says_so() {
    let api = Api::in_memory();
    pod(&api, "web", None).await;
    for part in ["log", "exec", "attach", "portforward"] {
        let (status, body) = text(&api, &format!("web/{part}")).await;
        let expected = format!("pods/{part} is not served: this API server runs without kubelets");
        assert_eq!((status, message(&body)), (501, expected));
    }
}
