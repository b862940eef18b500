//! Several servers of one cluster.

use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use kinglet_test_support::{patience, until};
use serde_json::Value;

use crate::server::{Server, terminate};

const SLICES: &str = "/apis/discovery.k8s.io/v1/endpointslices";
const INGRESSES: &str = "/apis/networking.k8s.io/v1/ingresses";
const LEASE: &str = "/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/kinglet-ingress";
/// Everything that servers write, but Leases and Events about them.
const WRITTEN: [&str; 6] = [
    SLICES,
    INGRESSES,
    "/apis/networking.k8s.io/v1/ingressclasses",
    "/api/v1/services",
    "/api/v1/nodes",
    "/api/v1/namespaces/default/events",
];

/// A server of the cluster of another process; killed when dropped.
struct Member {
    process: Child,
    admin: u16,
}

impl Member {
    fn start(kubeconfig: &Path) -> Self {
        let admin = free_port();
        let listeners = ["dns", "web", "websecure"].map(|name| format!("--{name}-listen=127.0.0.1:0"));
        let process = Command::new(env!("CARGO_BIN_EXE_kinglet"))
            .arg("server")
            .args(listeners)
            .arg(format!("--admin-listen=127.0.0.1:{admin}"))
            .arg(format!("--kubeconfig={}", kubeconfig.display()))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self { process, admin }
    }

    fn ready(&self) {
        let url = format!("http://127.0.0.1:{}/readyz", self.admin);
        until(patience(), || {
            let output = Command::new("curl").args(["-sS", "-f", &url]).output().unwrap();
            let error = String::from_utf8_lossy(&output.stderr).into_owned();
            output.status.success().then_some(()).ok_or(error)
        });
    }
}

impl Drop for Member {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

/// The API, as its administrator.
struct Api {
    url: String,
    token: String,
}

impl Api {
    fn ask(&self, arguments: &[&str], path: &str) -> Value {
        let output = Command::new("curl")
            .args([
                "-sS",
                "-k",
                "-H",
                &format!("Authorization: Bearer {}", self.token),
            ])
            .args(arguments)
            .arg(format!("{}{path}", self.url))
            .output()
            .unwrap();
        serde_json::from_slice(&output.stdout).unwrap()
    }

    fn items(&self, path: &str) -> Vec<Value> {
        self.ask(&[], path)["items"]
            .as_array()
            .cloned()
            .unwrap_or_default()
    }

    /// The revisions of all that servers write.
    fn revisions(&self) -> BTreeMap<String, String> {
        let objects = WRITTEN.iter().flat_map(|path| {
            let items = self.items(path).into_iter();
            items.map(move |object| {
                let (name, revision) = (
                    &object["metadata"]["name"],
                    &object["metadata"]["resourceVersion"],
                );
                (format!("{path}/{name}"), revision.to_string())
            })
        });
        objects.collect()
    }

    fn endpoints(&self) -> usize {
        let slices = self.items(SLICES);
        let of_dns = |slice: &&Value| slice["metadata"]["labels"]["kubernetes.io/service-name"] == "kube-dns";
        slices.iter().filter(of_dns).count()
    }

    fn endpoints_become(&self, count: usize) {
        until(patience(), || match self.endpoints() {
            found if found == count => Ok(()),
            found => Err(format!("{found} endpoints of the cluster DNS instead of {count}")),
        });
    }

    /// Waits until the leader has renewed its Lease a few times: that much time has passed.
    fn wait_for_renewals(&self) {
        for _ in 0..3 {
            let renewed = || self.ask(&[], LEASE)["spec"]["renewTime"].clone();
            let before = renewed();
            until(patience(), || {
                (renewed() != before)
                    .then_some(())
                    .ok_or("the Lease is not renewed")
            });
        }
    }
}

#[test]
fn two_servers_share_the_cluster_dns_and_rest() {
    let directory = tempfile::tempdir().unwrap();
    let cluster = Server::start(directory.path(), &["--disable=coredns,traefik"]);
    let api = Api {
        url: format!("https://{}", cluster.address("api")),
        token: std::fs::read_to_string(directory.path().join("tls/token")).unwrap(),
    };
    let ingress = r#"{"metadata": {"name": "web"}, "spec": {"defaultBackend": {"service": {"name": "missing", "port": {"number": 80}}}}}"#;
    let path = "/apis/networking.k8s.io/v1/namespaces/default/ingresses";
    api.ask(&["-H", "Content-Type: application/json", "-d", ingress], path);

    // Each shows another address: one of them wins.
    let mut members = [
        Member::start(&cluster.kubeconfig()),
        Member::start(&cluster.kubeconfig()),
    ];
    members.iter().for_each(Member::ready);
    api.endpoints_become(2);
    api.wait_for_renewals();
    let before = api.revisions();
    api.wait_for_renewals();
    assert_eq!(api.revisions(), before, "servers at rest write nothing");

    // Killed, then ended in good order.
    members[0].process.kill().unwrap();
    members[0].process.wait().unwrap();
    api.endpoints_become(1);
    assert!(terminate(&mut members[1].process));
    assert_eq!(api.endpoints(), 0);
}
