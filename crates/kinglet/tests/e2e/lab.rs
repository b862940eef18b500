//! `kinglet lab` and `kinglet demo` as root, as their users run them: real packets between network
//! namespaces.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};

/// Whether the test can run.
pub(crate) use kinglet_test_support::skip::is_root as is_possible;
use serde_json::Value;

use crate::hello::{self, eventually};
use crate::server;

/// The cluster that labs are to join: with `KINGLET_REAL_KUBECONFIG` that one, whose own controllers do their
/// work, and one test at a time. Its scheduler is not needed: pods of tests name their node.
fn real_cluster() -> Option<PathBuf> {
    std::env::var_os("KINGLET_REAL_KUBECONFIG").map(PathBuf::from)
}

/// A lab in the background; it is down when this is dropped.
pub(crate) struct Lab {
    name: String,
    directory: tempfile::TempDir,
}

impl Lab {
    pub(crate) fn up(flags: &[&str]) -> Self {
        Self::up_with(flags, &[])
    }

    /// The same; all its processes see these variables.
    pub(crate) fn up_with(flags: &[&str], variables: &[(&str, &str)]) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(1);
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let lab = Self {
            name: format!("e2e-{}-{number}", std::process::id()),
            directory: tempfile::tempdir().unwrap(),
        };
        lab.start(flags, variables);
        lab
    }

    fn start(&self, flags: &[&str], variables: &[(&str, &str)]) {
        let kubeconfig = format!("--write-kubeconfig={}", self.kubeconfig().display());
        let real = real_cluster().map(|path| format!("--kubeconfig={}", path.display()));
        let mut arguments = vec!["up", kubeconfig.as_str()];
        arguments.extend(flags);
        arguments.extend(real.as_deref());
        let mut command = self.command(&arguments);
        Self::finish(&arguments, command.envs(variables.iter().copied()));
    }

    /// The lab as its library finds it.
    pub(crate) fn entry(&self) -> kinglet_lab::Entry {
        kinglet_lab::Entry::of(&kinglet_lab::LabSettings::default().state_root, &self.name)
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.directory.path().join("kubeconfig")
    }

    /// `kinglet lab WORD --name NAME ARGUMENTS`.
    pub(crate) fn act(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    pub(crate) fn succeed(&self, arguments: &[&str]) -> String {
        Self::finish(arguments, &mut self.command(arguments))
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinglet"));
        command
            .args(["lab", arguments[0], "--name", &self.name])
            .args(&arguments[1..]);
        command
    }

    fn finish(arguments: &[&str], command: &mut Command) -> String {
        let output = command.output().unwrap();
        let (printed, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "lab {arguments:?}: {printed}{error}");
        printed
    }

    pub(crate) fn kubectl(&self, arguments: &[&str]) -> String {
        let output = Command::new(hello::newest_kubectl().unwrap())
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig())
            .env("KUBECACHEDIR", self.directory.path().join("cache"))
            .output()
            .unwrap();
        let (printed, error) = (text(&output.stdout), text(&output.stderr));
        assert!(output.status.success(), "kubectl {arguments:?}: {printed}{error}");
        printed
    }

    pub(crate) fn probe(&self, from: &str, to: &str, port: &str) -> Value {
        let printed = self.succeed(&["probe", from, to, port, "-o", "json"]);
        serde_json::from_str(&printed).unwrap()
    }

    /// Probes until it is open.
    pub(crate) fn open(&self, from: &str, to: &str, port: &str) -> Value {
        let mut last = Value::Null;
        eventually(|| {
            let output = self.act(&["probe", from, to, port, "-o", "json"]);
            last = serde_json::from_slice(&output.stdout).unwrap_or_default();
            if last["result"] == "open" {
                Ok(())
            } else {
                Err(format!("{from} to {to} {port}: {last} {}", text(&output.stderr)))
            }
        });
        last
    }

    /// Applies `examples/cluster` and returns the names of its pods once they run.
    fn sample(&self) -> Vec<String> {
        let examples = hello::examples().join("cluster");
        self.kubectl(&["apply", "-f", examples.to_str().unwrap()]);
        self.kubectl(&[
            "rollout",
            "status",
            "-n",
            "hello",
            "deployment/web",
            "--timeout=60s",
        ]);
        let names = self.kubectl(&[
            "get",
            "pods",
            "-n",
            "hello",
            "-o",
            "jsonpath={.items[*].metadata.name}",
        ]);
        names.split(' ').map(|name| format!("hello/{name}")).collect()
    }

    fn namespaces(&self) -> Vec<String> {
        namespaces(&self.name)
    }

    /// Applies an object.
    pub(crate) fn apply(&self, object: &Value) {
        let file = self.directory.path().join("object.json");
        std::fs::write(&file, object.to_string()).unwrap();
        self.kubectl(&["apply", "-f", file.to_str().unwrap()]);
    }

    /// Changes an object (a merge patch).
    pub(crate) fn patch(&self, kind: &str, name: &str, patch: &Value) {
        let patch = patch.to_string();
        self.kubectl(&["patch", kind, name, "--type=merge", "-p", &patch]);
    }

    /// The kubeconfig for processes on nodes.
    pub(crate) fn inside_kubeconfig(&self) -> PathBuf {
        let status: Value = serde_json::from_str(&self.succeed(&["status", "-o", "json"])).unwrap();
        PathBuf::from(status["labs"][0]["lab"]["insideKubeconfig"].as_str().unwrap())
    }

    /// A command that runs a program on a node.
    pub(crate) fn node_command(&self, node: &str, program: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinglet"));
        command.args(["lab", "node-exec", "--name", &self.name, node, "--", program]);
        command
    }

    /// A command that runs a program in a pod.
    pub(crate) fn pod_command(&self, pod: &str, program: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinglet"));
        command.args(["lab", "exec", "--name", &self.name, pod, "--", program]);
        command
    }

    /// A command that runs a program on the client outside.
    pub(crate) fn client_command(&self, program: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kinglet"));
        command.args(["lab", "client-exec", "--name", &self.name, "--", program]);
        command
    }

    /// The process of a node's agent.
    pub(crate) fn agent_pid(&self, node: &str) -> String {
        self.file_of(node, "agent.pid")
    }

    /// What a process of Kinglet on a node has written.
    pub(crate) fn log_of(&self, node: &str, role: &str) -> String {
        self.file_of(node, &format!("{role}.log"))
    }

    fn file_of(&self, node: &str, name: &str) -> String {
        let kubeconfig = self.inside_kubeconfig();
        let file = kubeconfig.parent().unwrap().join("nodes").join(node).join(name);
        std::fs::read_to_string(file).unwrap()
    }

    /// Leaves a cluster as it was, for the next test: without objects, and with nobody who leads.
    fn delete_objects(&self) {
        let kinds = "services,pods,networkpolicies,daemonsets,deployments";
        let objects = [kinds, "--all", "--all-namespaces", "--timeout=20s"];
        let leases = [
            "leases",
            "kinglet-servicelb",
            "k3s-cloud-controller-manager",
            "-n=kube-system",
        ];
        for arguments in [objects, leases] {
            let deleted = Command::new(hello::newest_kubectl().unwrap())
                .arg("delete")
                .args(arguments)
                .env("KUBECONFIG", self.kubeconfig())
                .output();
            // What cannot be deleted is seen by the next test.
            drop(deleted);
        }
    }

    fn pid(&self) -> String {
        let status: Value = serde_json::from_str(&self.succeed(&["status", "-o", "json"])).unwrap();
        status["labs"][0]["lab"]["pid"].to_string()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        if real_cluster().is_some() {
            self.delete_objects();
        }
        self.act(&["down"]);
    }
}

fn namespaces(lab: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(&format!("kl-{lab}.")))
        .collect()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

pub(crate) fn kill(pid: &str) {
    assert!(
        Command::new("kill")
            .args(["-KILL", pid])
            .status()
            .unwrap()
            .success()
    );
}

#[test]
fn a_lab_from_up_to_down() {
    if !is_possible() || hello::newest_kubectl().is_none() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2"]);
    let status: Value = serde_json::from_str(&lab.succeed(&["status", "-o", "json"])).unwrap();
    assert_eq!(status["labs"][0]["lab"]["nodes"][1]["name"], "node-2");
    let nodes = lab.kubectl(&["get", "nodes"]);
    assert_eq!(nodes.matches(" Ready ").count(), 2, "{nodes}");

    let pods = lab.sample();
    assert_eq!(pods.len(), 4);
    // Cluster DNS and Services, from a pod.
    let answer = lab.open(&pods[0], "web.hello", "8081");
    assert!(pods.iter().any(|pod| answer["pod"] == **pod), "{answer}");
    lab.open(&pods[0], "alias.hello.svc.cluster.local", "8081");
    lab.open(&pods[0], "echo.hello", "7/udp");
    let peers = lab.succeed(&["exec", &pods[1], "--", "dig", "+short", "+search", "peers.hello"]);
    assert_eq!(peers.lines().count(), 4, "{peers}");
    // A NodePort and the Ingress, from outside.
    lab.open("client", "198.18.0.12", "30080");
    eventually(|| {
        let printed = lab.act(&[
            "client-exec",
            "--",
            "curl",
            "-s",
            "-H",
            "host: hello.example",
            "http://198.18.0.11/",
        ]);
        let printed = text(&printed.stdout);
        if printed.starts_with("hello from hello/web-") {
            Ok(())
        } else {
            Err(printed)
        }
    });
    let hostname = lab.succeed(&["node-exec", "node-2", "--", "hostname"]);
    assert_eq!(hostname, "node-2\n");
    let closed = lab.probe(&pods[0], &pods[1], "81");
    assert_eq!(closed["result"], "refused");
    assert_eq!(
        lab.succeed(&["probe", &pods[0], &pods[1], "8080"])
            .split(' ')
            .next(),
        Some("open")
    );

    // Names of things that are not there.
    for arguments in [
        &["exec", "hello/nobody", "--", "true"][..],
        &["probe", "node:node-9", "10.0.0.1", "80"],
    ] {
        let output = lab.act(arguments);
        assert!(!output.status.success());
        assert!(
            text(&output.stderr).contains("is not there"),
            "{}",
            text(&output.stderr)
        );
    }
    lab.succeed(&["partition", "node-2"]);
    let cut = lab.act(&["probe", "client", "198.18.0.12", "30080", "--timeout", "0.5"]);
    assert!(text(&cut.stdout).starts_with("timeout"), "{}", text(&cut.stdout));
    lab.succeed(&["heal", "node-2"]);
    lab.open("client", "198.18.0.12", "30080");
    lab.succeed(&["kill", &pods[0]]);
    lab.open("node:node-1", &pods[0], "8080");

    lab.succeed(&["down"]);
    assert_eq!(lab.namespaces(), Vec::<String>::new());
    assert!(!lab.act(&["status"]).status.success());
}

#[test]
fn what_a_killed_lab_leaves_goes_with_the_next_start_or_down() {
    if !is_possible() {
        return;
    }
    let lab = Lab::up(&["--nodes", "1", "--services", "none"]);
    kill(&lab.pid());
    eventually(|| {
        let output = lab.act(&["status"]);
        if output.status.success() {
            Err(text(&output.stdout))
        } else {
            Ok(())
        }
    });
    assert!(!lab.namespaces().is_empty());
    lab.start(&["--nodes", "1", "--services", "none"], &[]);
    let again = lab.act(&["up"]);
    assert!(!again.status.success());
    assert!(
        text(&again.stderr).contains("is up already"),
        "{}",
        text(&again.stderr)
    );
    kill(&lab.pid());
    lab.succeed(&["down"]);
    assert_eq!(lab.namespaces(), Vec::<String>::new());
}

#[test]
fn a_lab_of_ipv6_with_routed_pods() {
    if !is_possible() || hello::newest_kubectl().is_none() {
        return;
    }
    let lab = Lab::up(&["--nodes", "2", "--ip-families", "ipv6", "--pod-network", "routed"]);
    let pods = lab.sample();
    let answer = lab.open(&pods[0], "web.hello", "8081");
    // A pod that reaches itself is masqueraded: its own address would not come back.
    let sender = if answer["pod"] == *pods[0] {
        "fd00:30:"
    } else {
        "fd00:42:"
    };
    assert!(answer["client"].as_str().unwrap().starts_with(sender), "{answer}");
    lab.open("client", "fd00:30::b", "30080");
}

#[test]
fn what_cannot_be_used_is_refused_by_name() {
    if !is_possible() {
        return;
    }
    let up = |flags: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_kinglet"))
            .args(["lab", "up", "--name", "refused"])
            .args(flags)
            .output()
            .unwrap();
        assert!(!output.status.success(), "{flags:?}");
        text(&output.stderr)
    };
    for (flags, expected) in [
        (&["--nodes", "0"][..], "nodes 0: 1 to 200 are accepted"),
        (&["--cluster-cidr", "127.0.0.0/8"], "--cluster-cidr 127.0.0.0/8"),
        (&["--kubeconfig", "/does/not/exist"], "/does/not/exist"),
        (&["--services", "dns,web"], "\"web\" is no service"),
        (&["--ip-families", "ipv5"], "ipv5"),
    ] {
        let error = up(flags);
        assert!(error.contains(expected), "{flags:?}: {error}");
    }
    assert_eq!(namespaces("refused"), Vec::<String>::new());
}

#[test]
fn without_root_the_lab_says_so() {
    use std::os::unix::process::CommandExt;
    if !is_possible() {
        return;
    }
    let directory = tempfile::Builder::new()
        .permissions(std::os::unix::fs::PermissionsExt::from_mode(0o755))
        .tempdir()
        .unwrap();
    let copy = directory.path().join("kinglet");
    std::fs::copy(env!("CARGO_BIN_EXE_kinglet"), &copy).unwrap();
    let output = Command::new(copy)
        .args(["lab", "up"])
        .uid(65534)
        .gid(65534)
        .output()
        .unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("a lab needs root"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn the_demo_as_root_shows_a_cluster_and_leaves_nothing_behind() {
    if !is_possible() {
        return;
    }
    let start = || {
        let (demo, tour) = server::start_demo(Command::new(env!("CARGO_BIN_EXE_kinglet")).arg("demo"));
        assert!(tour.iter().any(|line| line.contains("node-3")), "{tour:#?}");
        assert_eq!(
            tour.iter().filter(|line| line.contains("── hello/web-")).count(),
            4,
            "{tour:#?}"
        );
        demo
    };
    // Killed, it is replaced by the next one.
    let mut killed = start();
    killed.kill().unwrap();
    killed.wait().unwrap();
    let mut demo = start();
    assert!(server::terminate(&mut demo));
    assert_eq!(namespaces("demo"), Vec::<String>::new());
}
