//! `kinglet explain policy`, from manifests and from a cluster.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::hello;
use crate::server::Server;

const MANIFEST: &str = r#"
apiVersion: v1
kind: Namespace
metadata: {name: db}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: postgres, namespace: db}
spec:
  selector: {matchLabels: {app: postgres}}
  serviceName: postgres
  template:
    metadata: {labels: {app: postgres}}
    spec: {containers: [{name: sql, image: postgres, ports: [{name: sql, containerPort: 5432}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: front, namespace: web, labels: {app: front}}
spec: {containers: [{name: web, image: front}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: sql-only, namespace: db}
spec:
  podSelector: {matchLabels: {app: postgres}}
  ingress:
  - from: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: web}}}, {ipBlock: {cidr: 192.0.2.0/24}}]
    ports: [{port: sql}]
"#;

/// Something that a cluster need not know.
const CRON_JOB: &str = r#"
apiVersion: batch/v1
kind: CronJob
metadata: {name: backup, namespace: db}
spec:
  schedule: "@daily"
  jobTemplate:
    spec:
      template:
        spec: {restartPolicy: Never, containers: [{name: dump, image: postgres}]}
"#;

/// What administrators say.
const TIERS: &str = r#"
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: no-sql}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: db}}}
  ingress:
  - action: Pass
    from: [{namespaces: {matchLabels: {kubernetes.io/metadata.name: web}}}]
  - action: Deny
    from: [{namespaces: {}}]
  egress:
  - action: Deny
    to: [{nodes: {}}, {domainNames: [example.com]}]
---
apiVersion: v1
kind: Node
metadata: {name: node-1}
status: {addresses: [{type: InternalIP, address: 192.0.2.99}]}
"#;

fn explain(source: &[&str], question: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kinglet"))
        .args(["explain", "policy"])
        .args(source)
        .args(question)
        .env_remove("KUBECONFIG")
        .output()
        .unwrap()
}

fn answer(source: &[&str], question: &[&str]) -> String {
    let output = explain(source, question);
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{question:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

fn manifests(directory: &Path) -> [String; 2] {
    std::fs::write(directory.join("db.yaml"), MANIFEST).unwrap();
    std::fs::write(directory.join("jobs.yml"), CRON_JOB).unwrap();
    ["--manifests".to_owned(), directory.display().to_string()]
}

#[test]
fn before_anything_is_applied() {
    let directory = tempfile::tempdir().unwrap();
    let source = manifests(directory.path());
    let source = source.each_ref().map(String::as_str);
    let ask = |from, to, port| answer(&source, &["--from", from, "--to", to, "--port", port]);

    assert_eq!(
        ask("web/front", "db/postgres", "5432"),
        "allowed: web/front to db/postgres, tcp 5432\n  \
         egress: no policy isolates web/front, everything is allowed.\n  \
         ingress: db/postgres is isolated by db/sql-only; db/sql-only spec.ingress[0] allows it.\n"
    );
    for (from, port, allowed, told) in [
        (
            "web/front",
            "80",
            false,
            "add the port to db/sql-only spec.ingress[0]",
        ),
        (
            "web/front",
            "5432/udp",
            false,
            "db/sql-only spec.ingress[0] does not match the port.",
        ),
        (
            "db/backup",
            "5432",
            false,
            "add the peer to db/sql-only spec.ingress[0]",
        ),
        ("192.0.2.7", "5432", true, "192.0.2.7 to db/postgres"),
        ("198.51.100.7", "5432", false, "198.51.100.7 to db/postgres"),
    ] {
        let text = ask(from, "db/postgres", port);
        let word = if allowed { "allowed: " } else { "denied: " };
        assert!(
            text.starts_with(word) && text.contains(told),
            "{from} {port}: {text}"
        );
        assert!(!text.contains("(0."), "{text}");
    }

    let question = ["--all", "--namespace", "db", "--port", "5432"];
    let table = answer(&source, &question);
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert_eq!(rows, ["backup   1 + x", "postgres 2 + +"]);
    let table: Value =
        serde_json::from_str(&answer(&source, &[&question[..], &["-o", "json"]].concat())).unwrap();
    let expected = json!({"pods": ["db/backup", "db/postgres"], "reached": [[true, false], [true, true]]});
    assert_eq!(table, expected);

    for (from, error) in [
        ("db/nobody", "--from db/nobody: there is no such pod"),
        (
            "postgres",
            "--from postgres: NAMESPACE/POD or an address is accepted",
        ),
        ("2001:db8::1", "no address family in common"),
    ] {
        let output = explain(&source, &["--from", from, "--to", "db/postgres", "--port", "1"]);
        let told = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(!output.status.success() && told.contains(error), "{from}: {told}");
    }
}

#[test]
fn tiers_of_manifests() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::write(directory.path().join("tiers.yaml"), TIERS).unwrap();
    let source = manifests(directory.path());
    let source = source.each_ref().map(String::as_str);
    let ask = |from, to| explain(&source, &["--from", from, "--to", to, "--port", "5432"]);
    let text = |from, to| String::from_utf8(ask(from, to).stdout).unwrap();
    assert_eq!(
        text("web/front", "db/postgres"),
        "allowed: web/front to db/postgres, tcp 5432\n  \
         egress: no policy isolates web/front, everything is allowed.\n  \
         ingress: ClusterNetworkPolicy no-sql spec.ingress[0] (Admin tier) passes it on; db/postgres is isolated by db/sql-only; \
         db/sql-only spec.ingress[0] allows it.\n"
    );
    let denied = text("db/backup", "db/postgres");
    let told = "ingress: ClusterNetworkPolicy no-sql spec.ingress[1] (Admin tier) denies it.";
    assert!(
        denied.starts_with("denied: ") && denied.contains(told),
        "{denied}"
    );
    // A rule with something that is not supported denies everything.
    let output = ask("db/backup", "web/front");
    let warned = String::from_utf8(output.stderr).unwrap();
    assert!(
        warned.contains(
            "warning: ClusterNetworkPolicy no-sql spec.egress[0].to[1].domainNames: \"example.com\" is not supported; \
             the rule denies everything"
        ),
        "{warned}"
    );
    let source = [&source[..], &["-o", "json"]].concat();
    let question = ["--from", "db/backup", "--to", "web/front", "--port", "80"];
    let told: Value = serde_json::from_str(&answer(&source, &question)).unwrap();
    let rule = json!({"policy": "no-sql", "field": "spec.egress[0]"});
    assert_eq!(
        told["explanations"][0]["egress"],
        json!({"allowed": false, "isolated": false, "pod": "db/backup", "tier": "Admin", "action": "Deny", "rules": [rule]})
    );
    assert_eq!(
        told["explanations"][0]["remedies"],
        json!([{"direction": "egress", "pod": "db/backup", "tier": "Admin", "before": rule}])
    );
}

#[test]
fn in_a_cluster() {
    let Some(kubectl) = hello::newest_kubectl() else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let kubeconfig = server.kubeconfig().display().to_string();
    let run = |arguments: &[&str]| {
        let output = Command::new(&kubectl)
            .args(["--kubeconfig", &kubeconfig])
            .args(arguments)
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
    };
    std::fs::write(directory.path().join("db.yaml"), MANIFEST).unwrap();
    run(&["create", "namespace", "web"]);
    run(&["apply", "-f", directory.path().join("db.yaml").to_str().unwrap()]);
    run(&[
        "run",
        "postgres-0",
        "-n",
        "db",
        "--image=postgres",
        "--labels=app=postgres",
        "--port=5432",
    ]);
    let status = |v4: &str, v6: &str| {
        json!({"status": {"phase": "Running", "podIP": v4, "podIPs": [{"ip": v4}, {"ip": v6}]}}).to_string()
    };
    for (namespace, pod, v4, v6) in [
        ("web", "front", "10.42.0.7", "fd00:42::7"),
        ("db", "postgres-0", "10.42.0.8", "fd00:42::8"),
    ] {
        run(&[
            "patch",
            "pod",
            pod,
            "-n",
            namespace,
            "--subresource=status",
            "--type=merge",
            "-p",
            &status(v4, v6),
        ]);
    }
    let source = ["--kubeconfig", kubeconfig.as_str()];
    let ask = |from, to| {
        answer(
            &source,
            &["--from", from, "--to", to, "--port", "5432", "-o", "json"],
        )
    };
    // The port has no name here, so the rule does not match.
    let told: Value = serde_json::from_str(&ask("web/front", "db/postgres-0")).unwrap();
    assert_eq!(told["allowed"], false);
    let families = told["explanations"].as_array().unwrap();
    assert_eq!(families.len(), 2);
    assert_eq!(
        families[1]["to"],
        json!({"pod": "db/postgres-0", "address": "fd00:42::8"})
    );
    assert_eq!(
        families[0]["remedies"][0]["lackPort"][0]["field"],
        "spec.ingress[0]"
    );
    // By address; and the address of a Service is none that policies see.
    let told: Value = serde_json::from_str(&ask("10.42.0.8", "10.42.0.7")).unwrap();
    assert_eq!(told["allowed"], true);
    assert_eq!(told["explanations"][0]["from"]["pod"], "db/postgres-0");
    let output = explain(
        &source,
        &["--from", "web/front", "--to", "10.43.0.10", "--port", "53/udp"],
    );
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        told.contains("this is the address of Service kube-system/kube-dns"),
        "{told}"
    );
    // Policies of the cluster count as soon as their kind is there.
    let definition = directory.path().join("crd.yaml");
    std::fs::write(&definition, include_str!("netpol/crd.yaml")).unwrap();
    let tiers = directory.path().join("tiers.yaml");
    std::fs::write(&tiers, TIERS).unwrap();
    run(&["apply", "-f", definition.to_str().unwrap()]);
    run(&[
        "wait",
        "--for=condition=Established",
        "crd/clusternetworkpolicies.policy.networking.k8s.io",
    ]);
    run(&["apply", "-f", tiers.to_str().unwrap()]);
    let told: Value = serde_json::from_str(&ask("10.42.0.8", "10.42.0.7")).unwrap();
    let egress = &told["explanations"][0]["egress"];
    assert_eq!(
        (&egress["tier"], &egress["action"]),
        (&json!("Admin"), &json!("Deny"))
    );
}
