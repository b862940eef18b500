//! What survives restarts, and how the process ends.

use std::collections::BTreeSet;

use crate::hello::{Hello, eventually};
use crate::server::{self, Server};

#[test]
fn everything_is_there_after_kill_and_restart() {
    let Some(mut hello) = Hello::start() else { return };
    let objects = |hello: &Hello| {
        let names = hello.kubectl(&["get", "service,ingress,secret,endpointslice", "-A", "-o", "jsonpath={range .items[*]}{.kind}/{.metadata.namespace}/{.metadata.name}/{.metadata.uid}{\"\\n\"}{end}"]);
        // A server that listens elsewhere than before is another endpoint.
        let lasts = |name: &&str| !name.starts_with("EndpointSlice/kube-system/kube-dns-");
        names
            .lines()
            .filter(lasts)
            .map(str::to_owned)
            .collect::<BTreeSet<_>>()
    };
    let before = objects(&hello);
    assert!(before.len() >= 9, "{before:?}");
    hello.server.kill();
    hello.server = Server::start(hello.directory.path(), &[]);
    assert_eq!(objects(&hello), before);
    eventually(|| match hello.curl("http://hello.example/", &[]) {
        (200, _) => Ok(()),
        other => Err(format!("{other:?}")),
    });
}

#[test]
fn a_signal_ends_it_in_good_order() {
    let directory = tempfile::tempdir().unwrap();
    assert!(Server::start(directory.path(), &[]).terminate());
}

#[test]
fn a_log_that_nobody_reads_hurts_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut process = server::command(directory.path()).stderr(writer).spawn().unwrap();
    eventually(|| {
        let written = directory.path().join("kubeconfig.yaml").exists();
        if written {
            Ok(())
        } else {
            Err("not started".to_owned())
        }
    });
    assert!(server::terminate(&mut process));
}

#[test]
fn manifests_are_applied_and_watched() {
    let Some(mut hello) = Hello::start() else { return };
    let manifests = hello.directory.path().join("manifests");
    std::fs::create_dir(&manifests).unwrap();
    let write = |name: &str, text: &str| std::fs::write(manifests.join(name), text).unwrap();
    write("bad.yaml", "kind: [\n");
    write(
        "good.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-file}\ndata: {a: first}\n",
    );
    let data = tempfile::tempdir().unwrap();
    hello.server = Server::start(data.path(), &["--manifests", manifests.to_str().unwrap()]);
    let shows = |value: &str| {
        eventually(|| {
            let list = hello.kubectl(&[
                "get",
                "configmap",
                "-n",
                "default",
                "-o",
                "jsonpath={.items[*].data.a}",
            ]);
            if list == value {
                Ok(())
            } else {
                Err(format!("{list:?} instead of {value:?}"))
            }
        });
    };
    shows("first");
    write(
        "good.yaml",
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: from-file}\ndata: {a: changed}\n",
    );
    shows("changed");
    let complaints = hello
        .server
        .log()
        .iter()
        .filter(|line| {
            line["file"]
                .as_str()
                .is_some_and(|file| file.ends_with("bad.yaml"))
        })
        .count();
    assert!(complaints >= 1, "the bad file is named in the log");
}
