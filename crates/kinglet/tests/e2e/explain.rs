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
apiVersion: policy.networking.k8s.io/v1beta1
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
    // The code tells the verdict; 2 is an error.
    let code = output.status.code();
    assert!(matches!(code, Some(0 | 1 | 3)), "{question:?}: {error}");
    String::from_utf8(output.stdout).unwrap()
}

/// The error that a question gets.
fn refusal(source: &[&str], question: &[&str]) -> String {
    let output = explain(source, question);
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(2), "{question:?}: {error}");
    error
}

/// The exit code, and the same in JSON.
fn verdict(source: &[&str], question: &[&str]) -> (Option<i32>, Value) {
    let output = explain(&[source, &["-o", "json"]].concat(), question);
    let told = serde_json::from_slice(&output.stdout);
    let error = || format!("{question:?}: {}", String::from_utf8_lossy(&output.stderr));
    (
        output.status.code(),
        told.unwrap_or_else(|_| panic!("{}", error())),
    )
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
    let source = [&source[..], &["--cluster-cidr", "10.42.0.0/16"]].concat();
    let ask = |from, to, port| answer(&source, &["--from", from, "--to", to, "--port", port]);

    assert_eq!(
        ask("web/front", "db/postgres", "5432"),
        "allowed: web/front to db/postgres, tcp 5432\n  \
         egress: no policy isolates web/front, everything is allowed.\n  \
         ingress: db/postgres is isolated by db/sql-only; db/sql-only spec.ingress[0] allows it.\n"
    );
    for (from, port, allowed, told) in [
        ("web/front", "sql", true, "tcp 5432"),
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
        assert!(!text.contains("10.42."), "{text}");
        let question = ["--from", from, "--to", "db/postgres", "--port", port];
        let (code, told) = verdict(&source, &question);
        assert_eq!(code, Some(i32::from(!allowed)));
        assert_eq!(told["allowed"], allowed);
        assert_eq!(told["verdict"], word.trim_end_matches(": "));
        assert_eq!(told["explanations"][0]["to"]["address"], Value::Null);
    }

    let question = ["--all", "--namespace", "db,web", "--port", "sql"];
    let table = answer(&source, &question);
    let rows: Vec<&str> = table.lines().skip(2).collect();
    assert_eq!(
        rows,
        [
            "db/backup   1 . x .",
            "db/postgres 2 . + .",
            "web/front   3 . + ."
        ]
    );
    assert_eq!(answer(&source, &["--all", "-A", "--port", "sql"]), table);
    let (code, table) = verdict(&source, &["--all", "--namespace", "db", "--port", "5432"]);
    let verdicts = json!([["allowed", "denied"], ["allowed", "allowed"]]);
    let expected = json!({"pods": ["db/backup", "db/postgres"], "verdicts": verdicts});
    assert_eq!((code, table), (Some(0), expected));

    for (from, to, port, error) in [
        (
            "db/nobody",
            "db/postgres",
            "1",
            "--from db/nobody: there is no such pod",
        ),
        (
            "postgres",
            "db/postgres",
            "1",
            "--from postgres: NAMESPACE/NAME of a pod",
        ),
        ("2001:db8::1", "db/postgres", "1", "no address family in common"),
        (
            "web/front",
            "dbs/postgres",
            "1",
            "--to dbs/postgres: there is no namespace dbs",
        ),
        (
            "web/front",
            "db/postgres",
            "http",
            "the pod has no such port; it has sql (5432/tcp)",
        ),
        (
            "web/front",
            "192.0.2.7",
            "http",
            "an address has no names of ports",
        ),
    ] {
        let told = refusal(&source, &["--from", from, "--to", to, "--port", port]);
        assert!(told.contains(error), "{from}: {told}");
    }
    let told = refusal(&source, &["--all", "--namespace", "db,dbs", "--port", "1"]);
    assert!(told.contains("there is no namespace dbs"), "{told}");
}

/// Rules by address, between pods that have none yet or have some.
const BLOCKS: &str = r#"
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: client, namespace: a}}
- {apiVersion: v1, kind: Pod, metadata: {name: new, namespace: b, labels: {app: web}}}
- apiVersion: v1
  kind: Pod
  metadata: {name: old, namespace: b, labels: {app: web}}
  spec: {nodeName: node-1, containers: [{name: web, ports: [{name: http, containerPort: 8080}]}]}
  status: {phase: Running, podIP: 10.42.0.7, podIPs: [{ip: 10.42.0.7}]}
- apiVersion: v1
  kind: Pod
  metadata: {name: done, namespace: b, labels: {app: web}}
  status: {phase: Succeeded, podIP: 10.42.0.8}
- apiVersion: v1
  kind: Pod
  metadata: {name: proxy, namespace: b}
  spec: {nodeName: node-1, hostNetwork: true}
- {apiVersion: v1, kind: Node, metadata: {name: node-1}, status: {addresses: [{type: InternalIP, address: 172.16.0.1}]}}
- apiVersion: v1
  kind: Service
  metadata: {name: web, namespace: b}
  spec: {clusterIPs: [10.43.0.9], selector: {app: web}, ports: [{name: web, port: 80, targetPort: http}]}
- apiVersion: v1
  kind: Service
  metadata: {name: all, namespace: b}
  spec: {clusterIPs: [10.43.0.10], selector: {app: web}, ports: [{port: 80}]}
- apiVersion: networking.k8s.io/v1
  kind: NetworkPolicy
  metadata: {name: internet, namespace: a}
  spec:
    podSelector: {}
    policyTypes: [Egress]
    egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]}}]}]
"#;

#[test]
fn what_is_not_known_is_not_guessed() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cluster.yaml");
    std::fs::write(&file, BLOCKS).unwrap();
    let source = ["--manifests", file.to_str().unwrap()];
    let ask = |more: &[&str], to: &str, port: &str| {
        let question = [&["--from", "a/client", "--to", to, "--port", port], more].concat();
        verdict(&source, &question)
    };
    let rule = json!({"policy": "a/internet", "field": "spec.egress[0]"});
    let (code, told) = ask(&[], "b/new", "80");
    assert_eq!(code, Some(3));
    assert_eq!(
        (&told["verdict"], &told["allowed"]),
        (&json!("depends"), &Value::Null)
    );
    assert_eq!(told["dependsOn"], json!(["address"]));
    assert_eq!(told["decidedBy"], json!([rule]));
    let question = ["--from", "a/client", "--to", "b/new", "--port", "80"];
    let text = answer(&source, &question);
    assert!(
        text.starts_with("depends on the address: a/client to b/new, tcp 80\n  a/internet spec.egress[0]: matches by addresses."),
        "{text}"
    );
    for part in [
        "allowed if b/new has an address such as 1.0.0.2:",
        "denied if b/new has an address such as 10.0.0.1:",
    ] {
        assert!(text.contains(part), "{text}");
    }
    // What is told decides.
    for (more, code) in [
        (["--cluster-cidr", "10.42.0.0/16"], 1),
        (["--cluster-cidr", "100.64.0.0/10"], 0),
        (["--cluster-cidr", "10.0.0.0/7"], 3),
        (["--cluster-cidr", "fd00::/48"], 1),
        (["--pod-ip", "b/new=192.0.2.1"], 0),
        (["--pod-ip", "b/new=192.168.2.1"], 1),
        (["--pod-ip", "b/new=192.0.2.1,fd00::1"], 3),
    ] {
        assert_eq!(ask(&more, "b/new", "80").0, Some(code), "{more:?}");
    }
    // So does what the status says.
    assert_eq!(ask(&[], "b/old", "http").0, Some(1));
    assert_eq!(ask(&[], "b/proxy", "80").0, Some(1));
    assert_eq!(ask(&["--pod-ip", "b/old=192.0.2.7"], "b/old", "80").0, Some(0));
    let finished = refusal(&source, &["--from", "a/client", "--to", "b/done", "--port", "80"]);
    assert!(
        finished.contains("the pod has finished (phase Succeeded)"),
        "{finished}"
    );
    let unknown = refusal(&source, &["--all", "--namespace", "c", "--port", "80"]);
    assert!(unknown.contains("there is no namespace c"), "{unknown}");
    let unknown = refusal(
        &source,
        &["--from", "a/client", "--to", "b/nobody", "--port", "80"],
    );
    assert!(unknown.contains("no such pod, and no such Service"), "{unknown}");

    // Only one of the pods has a port of the name that the Service leads to; the other Service has both.
    for to in ["b/web", "web.b.svc", "10.43.0.9"] {
        for port in ["80", "web"] {
            let (code, told) = ask(&[], to, port);
            assert_eq!(
                (code, &told["service"]),
                (Some(1), &json!("b/web")),
                "{to} {port}"
            );
            assert_eq!(told["explanations"][0]["port"], "tcp 8080");
        }
    }
    let (code, told) = ask(&["--pod-ip", "b/new=192.0.2.1"], "b/all", "80");
    assert_eq!((code, &told["dependsOn"]), (Some(3), &json!(["endpoint"])));
    let told = refusal(&source, &["--from", "a/client", "--to", "b/web", "--port", "81"]);
    assert!(
        told.contains("the Service has no such port; it has web (80/tcp)"),
        "{told}"
    );

    // A node always reaches the pods that it runs: whether it runs this one is not known.
    let closed = directory.path().join("closed.yaml");
    let policy = "{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: none, namespace: b}, spec: {podSelector: {}}}";
    std::fs::write(closed, policy).unwrap();
    let source = ["--manifests", directory.path().to_str().unwrap()];
    let node = |to| verdict(&source, &["--from", "172.16.0.1", "--to", to, "--port", "80"]);
    assert_eq!(node("b/old").0, Some(0));
    let (code, told) = node("b/new");
    assert_eq!((code, &told["dependsOn"]), (Some(3), &json!(["node"])));
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
    // By address; and the address of a Service is that Service.
    let told: Value = serde_json::from_str(&ask("10.42.0.8", "10.42.0.7")).unwrap();
    assert_eq!(told["allowed"], true);
    assert_eq!(told["explanations"][0]["from"]["pod"], "db/postgres-0");
    let told = refusal(
        &source,
        &["--from", "web/front", "--to", "10.43.0.10", "--port", "53/udp"],
    );
    assert!(
        told.contains("--to 10.43.0.10: the Service has no selector"),
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
