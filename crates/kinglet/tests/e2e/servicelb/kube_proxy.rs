//! Beside a kube-proxy: its rules and ours in one kernel.
//!
//! The rules are recorded ones of kube-proxy 1.37 for the objects of [`objects`] (`kube_proxy/MODE-NODE`).
//! With `KINGLET_KUBE_PROXY` the program of that path runs instead (`tests/tools/install kubeproxy`), and
//! with `KINGLET_RECORD=1`, too, its rules are recorded anew.

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Child, Stdio};

use serde_json::{Value, json};

use super::{is_possible, pod, service, wait_for_addresses, wait_for_result};
use crate::hello::eventually;
use crate::lab::Lab;

const NODES: [&str; 2] = ["node-1", "node-2"];

#[derive(Clone, Copy)]
enum Mode {
    Iptables,
    Nftables,
}

impl Mode {
    fn name(self) -> &'static str {
        match self {
            Self::Iptables => "iptables",
            Self::Nftables => "nftables",
        }
    }

    /// Writes rules out.
    fn save(self) -> &'static [&'static str] {
        match self {
            Self::Iptables => &["iptables-nft-save"],
            Self::Nftables => &["nft", "list", "table", "ip", "kube-proxy"],
        }
    }

    /// Reads them.
    fn restore(self) -> &'static [&'static str] {
        match self {
            Self::Iptables => &["iptables-nft-restore"],
            Self::Nftables => &["nft", "-f", "-"],
        }
    }

    fn file(self, node: &str) -> PathBuf {
        let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/e2e/servicelb/kube_proxy");
        directory.join(format!("{}-{node}", self.name()))
    }
}

/// kube-proxy's work on the nodes; processes end when this is dropped.
struct KubeProxy(Vec<Child>);

impl KubeProxy {
    fn start(lab: &Lab, mode: Mode) -> Self {
        let Some(program) = std::env::var_os("KINGLET_KUBE_PROXY") else {
            NODES.iter().for_each(|node| restore(lab, mode, node));
            return Self(Vec::new());
        };
        let program = program.into_string().unwrap();
        let start = |node: &str| {
            let mut command = lab.node_command(node, &program);
            command
                .arg(format!("--kubeconfig={}", lab.inside_kubeconfig().display()))
                .arg(format!("--hostname-override={node}"))
                .arg(format!("--proxy-mode={}", mode.name()))
                .args(["--cluster-cidr=10.42.0.0/16", "--conntrack-max-per-core=0"])
                .args([
                    "--conntrack-tcp-timeout-established=0",
                    "--conntrack-tcp-timeout-close-wait=0",
                ])
                .stdout(Stdio::null())
                .stderr(Stdio::null());
            command.spawn().unwrap()
        };
        let running = Self(NODES.map(start).into());
        // The last Service.
        for node in NODES {
            eventually(|| {
                let rules = save(lab, mode, node);
                if rules.contains("10.43.0.85") {
                    Ok(())
                } else {
                    Err(rules)
                }
            });
            if std::env::var_os("KINGLET_RECORD").is_some() {
                fs::write(mode.file(node), recorded(&save(lab, mode, node))).unwrap();
            }
        }
        running
    }
}

impl Drop for KubeProxy {
    fn drop(&mut self) {
        for process in &mut self.0 {
            // It may have ended already.
            let _ = process.kill();
            let _ = process.wait();
        }
    }
}

fn save(lab: &Lab, mode: Mode, node: &str) -> String {
    let [program, arguments @ ..] = mode.save() else {
        unreachable!()
    };
    let output = lab.node_command(node, program).args(arguments).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Without what says when it was written, and what only counts: a named counter is not among the rules.
fn recorded(rules: &str) -> String {
    let lines = rules.lines().filter(|line| !line.starts_with("# "));
    lines.map(|line| without_counter(line) + "\n").collect()
}

fn without_counter(line: &str) -> String {
    match line.split_once(" -m nfacct --nfacct-name  ") {
        Some((before, rest)) => match rest.split_once(' ') {
            Some((_name, after)) => format!("{before} {after}"),
            None => before.to_owned(),
        },
        None => line.to_owned(),
    }
}

fn restore(lab: &Lab, mode: Mode, node: &str) {
    let [program, arguments @ ..] = mode.restore() else {
        unreachable!()
    };
    let mut restoring = lab
        .node_command(node, program)
        .args(arguments)
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    let rules = fs::read(mode.file(node)).unwrap();
    restoring.stdin.take().unwrap().write_all(&rules).unwrap();
    assert!(restoring.wait().unwrap().success(), "{} on {node}", mode.name());
}

/// A Service with fixed addresses and ports, the `index`th.
fn fixed(name: &str, index: u16, app: &str, more: Value) -> Value {
    let mut object = service(name, app, 8080 + index, more);
    object["spec"]["clusterIP"] = format!("10.43.0.{}", 80 + index).into();
    for port in 0..2 {
        object["spec"]["ports"][port]["nodePort"] = (30080 + index).into();
    }
    object
}

/// The Services, whose pod is on node-1.
fn objects() -> Vec<Value> {
    let local = json!({"externalTrafficPolicy": "Local", "healthCheckNodePort": 30990});
    vec![
        pod("here", "node-1", "web"),
        fixed("web", 1, "web", json!({})),
        fixed("local", 2, "web", local),
        fixed(
            "ranged",
            3,
            "web",
            json!({"loadBalancerSourceRanges": ["192.0.2.0/24"]}),
        ),
        fixed("empty", 4, "nobody", json!({})),
        fixed("sticky", 5, "web", json!({"sessionAffinity": "ClientIP"})),
    ]
}

fn both_work_together(mode: Mode) {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&[
        "--nodes",
        "2",
        "--services",
        "ccm,servicelb",
        "--service-proxy",
        "false",
    ]);
    objects().iter().for_each(|object| lab.apply(object));
    let both = ["198.18.0.11", "198.18.0.12"];
    for name in ["web", "ranged", "empty", "sticky"] {
        wait_for_addresses(&lab, name, &both);
    }
    wait_for_addresses(&lab, "local", &both[..1]);
    let _proxy = KubeProxy::start(&lab, mode);

    for protocol in ["", "/udp"] {
        let seen = |from: &str, to: &str, port: u16| {
            lab.open(from, to, &format!("{port}{protocol}"))["client"].clone()
        };
        // Our ports: the client is seen where the endpoint is, and masqueraded on the way to another node.
        for port in [8081, 8085] {
            assert_eq!(seen("client", "198.18.0.11", port), "198.18.1.2");
            assert_eq!(seen("client", "198.18.0.12", port), "198.18.0.12");
            seen("node:node-2", "198.18.0.12", port);
            seen("node:node-1", "198.18.0.12", port);
            seen("default/here", "198.18.0.11", port);
        }
        assert_eq!(seen("client", "198.18.0.11", 8082), "198.18.1.2");
        // Its own: ClusterIPs and NodePorts.
        seen("default/here", "10.43.0.81", 8081);
        seen("node:node-2", "10.43.0.81", 8081);
        seen("client", "198.18.0.11", 30081);
        assert_eq!(seen("client", "198.18.0.12", 30081), "198.18.0.12");
        assert_eq!(seen("client", "198.18.0.11", 30082), "198.18.1.2");
    }
    for (to, port, result) in [
        ("198.18.0.12", "8082", "timeout"),
        ("198.18.0.11", "8083", "timeout"),
        ("198.18.0.12", "8084", "refused"),
        ("198.18.0.12", "30082", "timeout"),
        ("198.18.0.12", "30084", "refused"),
    ] {
        wait_for_result(&lab, to, port, result);
    }
    let url = "http://198.18.0.11:30083/";
    let outside_ranges = lab.client_command("curl").args(["-sf", url]).output().unwrap();
    assert!(outside_ranges.status.success(), "ranges are not for node ports");
}

#[test]
fn beside_iptables() {
    both_work_together(Mode::Iptables);
}

#[test]
fn beside_nftables() {
    both_work_together(Mode::Nftables);
}
