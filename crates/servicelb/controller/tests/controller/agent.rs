//! What agents report and learn.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Arc, Mutex};

use kinglet_kube::Reflectors;
use kinglet_model::{ObjectName, Protocol};
use kinglet_servicelb::agent;
use kinglet_servicelb_plan::{HostPorts, Mode, NodeShare, Port, ServiceLbSettings, names};
use serde_json::{Value, json};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cluster::{Cluster, condition};

const NODE: &str = "/api/v1/nodes/n1";

fn tcp(number: u16) -> Port {
    Port::new(Protocol::Tcp, number)
}

fn report(node: &Value) -> Value {
    node["metadata"]["annotations"][names::ANNOTATION_HOST_PORTS].clone()
}

fn is_serving(node: &Value) -> bool {
    node["metadata"]["annotations"][names::ANNOTATION_SERVING] == "true"
}

/// A node with these listening ports.
#[derive(Clone)]
struct Node(Arc<Mutex<HostPorts>>);

impl agent::Host for Node {
    fn listening(&self) -> io::Result<HostPorts> {
        Ok(self.0.lock().unwrap().clone())
    }

    fn reserve(&self, _: &BTreeSet<u16>) -> io::Result<()> {
        Ok(())
    }
}

type Shares = watch::Sender<Option<Arc<NodeShare>>>;

/// Starts an agent of the node `n1`.
fn start(
    cluster: &Cluster,
    mode: Mode,
    listening: &Arc<Mutex<HostPorts>>,
    stop: &CancellationToken,
) -> (watch::Receiver<Option<Arc<NodeShare>>>, Shares) {
    let (sender, served) = watch::channel(None);
    let reflectors = Reflectors::new(cluster.client().clone(), stop.clone());
    let settings = agent::AgentSettings {
        node: "n1".into(),
        mode,
        namespace: "kube-system".to_owned(),
    };
    let share = agent::spawn(
        &reflectors,
        settings,
        Node(listening.clone()),
        served,
        &agent::Metrics::default(),
        stop.clone(),
    );
    assert_eq!(reflectors.kinds(), agent::KINDS.iter().copied().collect());
    (share, sender)
}

#[tokio::test]
async fn an_agent_reports_and_learns_what_to_serve() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster
        .post("/api/v1/nodes", json!({"metadata": {"name": "n1"}}))
        .await;
    cluster.node_status("n1", "192.0.2.1", true).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    cluster.reason(&web, "NoNodes").await;

    let stop = CancellationToken::new();
    let ephemeral = Port::new(Protocol::Udp, 40_000);
    let listening = Arc::new(Mutex::new(HostPorts::new([tcp(22), ephemeral])));
    let (mut share, served) = start(&cluster, Mode::Native, &listening, &stop);
    cluster.until(NODE, |node| report(node) == "tcp:22").await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    let name = ObjectName::new("default", "web");
    let has = |share: &Option<Arc<NodeShare>>| {
        let ports = share.as_ref().and_then(|share| share.get(&name));
        ports.is_some_and(|ports| ports.contains(&(Protocol::Tcp, 80)))
    };
    let known = share.wait_for(has).await.unwrap().clone();
    // Not before the kernel has rules for just that.
    served.send_replace(known.as_deref().cloned().map(Arc::new));
    *listening.lock().unwrap() = HostPorts::new([tcp(23)]);
    let node = cluster.until(NODE, |node| report(node) == "tcp:23").await;
    assert!(!is_serving(&node), "{node:#}");
    served.send_replace(known);
    cluster.until(NODE, is_serving).await;

    *listening.lock().unwrap() = HostPorts::new([tcp(22), tcp(80)]);
    cluster.until(NODE, |node| report(node) == "tcp:22,80").await;
    share
        .wait_for(|share| share.as_ref().is_some_and(|share| share.is_empty()))
        .await
        .unwrap();
    let service = cluster.reason(&web, "PortsInUse").await;
    assert_eq!(
        condition(&service)["message"],
        "TCP 80 on node n1 is held by a process of the node"
    );

    *listening.lock().unwrap() = HostPorts::default();
    share.wait_for(has).await.unwrap();
    cluster.addresses(&web, &["192.0.2.1"]).await;
    stop.cancel();
    let node = cluster.get(NODE).await.unwrap();
    assert!(is_serving(&node), "it still does when the share has changed");
    agent::withdraw(cluster.client(), "n1").await.unwrap();
    let node = cluster.get(NODE).await.unwrap();
    assert!(!is_serving(&node) && report(&node).is_null());
    cluster.addresses(&web, &[]).await;
    agent::withdraw(cluster.client(), "no-such-node").await.unwrap();
}

#[tokio::test]
async fn an_agent_beside_daemon_sets_serves_until_it_is_not_needed() {
    let settings = ServiceLbSettings {
        mode: Mode::DaemonSet,
        ..ServiceLbSettings::default()
    };
    let cluster = Cluster::start(settings).await;
    // The node served natively before.
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let web = cluster.service("web", json!({}), json!({})).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    let stop = CancellationToken::new();
    let serving = json!({"metadata": {"annotations": {names::ANNOTATION_SERVING: "true"}}});
    cluster.patch(NODE, serving).await;
    let (mut share, _served) = start(&cluster, Mode::DaemonSet, &Arc::default(), &stop);
    share
        .wait_for(|share| share.as_ref().is_some_and(|share| !share.is_empty()))
        .await
        .unwrap();
    let node = cluster.get(NODE).await.unwrap();
    assert!(
        !is_serving(&node),
        "nobody relies on the rules when they begin to go"
    );

    let labels = json!({names::LABEL_SERVICE_NAME: "web", names::LABEL_SERVICE_NAMESPACE: "default"});
    let container = json!({"name": "lb", "image": "x", "ports": [{"containerPort": 80, "hostPort": 80}]});
    let pod = json!({"metadata": {"name": "lb", "labels": labels}, "spec": {"nodeName": "n1", "containers": [container]}});
    cluster.post("/api/v1/namespaces/kube-system/pods", pod).await;
    let ready = json!({"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}});
    cluster
        .patch("/api/v1/namespaces/kube-system/pods/lb/status", ready)
        .await;
    share
        .wait_for(|share| share.as_ref().is_some_and(|share| share.is_empty()))
        .await
        .unwrap();
    cluster.until(NODE, |node| report(node).is_null()).await;
    cluster.addresses(&web, &["192.0.2.1"]).await;
    stop.cancel();
}

#[tokio::test]
async fn a_udp_socket_takes_no_port_that_is_served() {
    let cluster = Cluster::start(ServiceLbSettings::default()).await;
    cluster.node("n1", "192.0.2.1", json!({})).await;
    let stop = CancellationToken::new();
    let udp = |number| Port::new(Protocol::Udp, number);
    // The VPN was there before anybody asked for its port.
    let listening = Arc::new(Mutex::new(HostPorts::new([tcp(22), udp(51_821)])));
    let (mut share, _served) = start(&cluster, Mode::Native, &listening, &stop);
    cluster.until(NODE, |node| report(node) == "tcp:22").await;
    let port = |number: u16| json!({"ports": [{"protocol": "UDP", "port": number}]});
    let game = cluster.service("game", json!({}), port(51_820)).await;
    let vpn = cluster.service("vpn", json!({}), port(51_821)).await;
    cluster.addresses(&game, &["192.0.2.1"]).await;
    cluster
        .until(NODE, |node| report(node) == "tcp:22;udp:51821")
        .await;
    cluster.reason(&vpn, "PortsInUse").await;

    // A client got the port. The next report is made with it.
    *listening.lock().unwrap() = HostPorts::new([tcp(23), udp(51_820), udp(51_821)]);
    let node = cluster
        .until(NODE, |node| report(node) != "tcp:22;udp:51821")
        .await;
    assert_eq!(report(&node), "tcp:23;udp:51821");
    let has = |share: &Option<Arc<NodeShare>>| {
        let ports = share.iter().flat_map(|share| share.values()).flatten();
        ports.copied().collect::<Vec<_>>() == [(Protocol::Udp, 51_820)]
    };
    share.wait_for(has).await.unwrap();
    cluster.addresses(&game, &["192.0.2.1"]).await;
    stop.cancel();
}
