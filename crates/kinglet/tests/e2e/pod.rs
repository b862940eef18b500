//! Servers as in Pods: their credentials are in the files of a service account.

use std::path::Path;
use std::process::{Child, Command, Stdio};

use kinglet_test_support::{skip, until};

use crate::server::Server;

/// Where a Pod finds its service account.
const ACCOUNT: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// The process, in its own mount namespace with an account's files; killed when dropped.
struct Pod(Child);

impl Pod {
    fn start(account: &Path, api: &Server, flags: &[&str]) -> Self {
        // A directory of its own in place of the machine's /var/run: nothing is left behind.
        let script = format!(
            "mount -t tmpfs none /var/run && mkdir -p {ACCOUNT} && cp {}/* {ACCOUNT} && exec \"$@\"",
            account.display()
        );
        let address = api.address("api");
        let process = Command::new("unshare")
            .args(["--mount", "sh", "-c", &script, "sh"])
            .args([env!("CARGO_BIN_EXE_kinglet"), "server"])
            .args(flags)
            .env_remove("KUBECONFIG")
            .env("HOME", "/nonexistent")
            .env("KUBERNETES_SERVICE_HOST", address.ip().to_string())
            .env("KUBERNETES_SERVICE_PORT", address.port().to_string())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        Self(process)
    }
}

impl Drop for Pod {
    fn drop(&mut self) {
        // Already gone is fine.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_server_in_a_pod_needs_no_kubeconfig() {
    if !skip::is_root() {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let api = Server::start(&directory.path().join("data"), &[]);
    let account = directory.path().join("account");
    std::fs::create_dir(&account).unwrap();
    let tls = directory.path().join("data/tls");
    std::fs::copy(tls.join("token"), account.join("token")).unwrap();
    std::fs::copy(tls.join("ca.crt"), account.join("ca.crt")).unwrap();
    std::fs::write(account.join("namespace"), "kube-system").unwrap();

    let admin = free_port();
    let listen = format!("--admin-listen=127.0.0.1:{admin}");
    let _pod = Pod::start(&account, &api, &["--disable=coredns,traefik,servicelb", &listen]);
    until(kinglet_test_support::patience(), || ready(admin));
}

fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

fn ready(port: u16) -> Result<(), String> {
    let url = format!("http://127.0.0.1:{port}/readyz");
    let output = Command::new("curl").args(["-sS", "-f", &url]).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    output.status.success().then_some(()).ok_or(error)
}
