//! Labs side by side, what is refused, and what is left behind: nothing.

use std::time::{Duration, Instant};

use kinglet_lab::{Builder, Entry, Namespace, Target};

use crate::support;

fn namespaces(lab: &str) -> Vec<String> {
    let entries = std::fs::read_dir("/run/netns").into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .filter(|name| name.starts_with(&format!("kl-{lab}.")))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn labs_side_by_side_do_not_meet() {
    if !support::is_possible() {
        return;
    }
    let (one, other) = tokio::join!(Builder::new().nodes(1).start(), Builder::new().nodes(1).start());
    let (one, other) = (one.unwrap(), other.unwrap());
    for (lab, pod) in [(&one, "here"), (&other, "there")] {
        lab.apply(&support::pod(pod, "node-1")).await.unwrap();
        let addresses = support::ready(lab, pod).await;
        // The same addresses, but each lab its own pod.
        let outcome = support::open(lab, "node:node-1", &Target::tcp(&addresses[0], 80)).await;
        assert_eq!(outcome.pod, Some(format!("default/{pod}")));
    }
    let names = [one.entry().name().to_owned(), other.entry().name().to_owned()];
    one.end().await;
    drop(other);
    for name in names {
        assert_eq!(namespaces(&name), Vec::<String>::new());
    }
}

#[test]
fn a_panic_leaves_nothing_behind() {
    if !support::is_possible() {
        return;
    }
    let panics = || {
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let lab = Builder::new().nodes(1).start().await.unwrap();
            lab.apply(&support::pod("web", "node-1")).await.unwrap();
            support::ready(&lab, "web").await;
            let entry = lab.entry().clone();
            std::panic::panic_any(entry);
        });
    };
    let panic = std::thread::spawn(panics).join().unwrap_err();
    let entry = panic.downcast::<Entry>().unwrap();
    assert_eq!(namespaces(entry.name()), Vec::<String>::new());
    assert!(!entry.directory().exists());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lab_that_cannot_start_leaves_nothing_behind() {
    if !support::is_possible() {
        return;
    }
    let name = format!("taken-{}", std::process::id());
    let missing = Builder::new()
        .with(|settings| {
            settings.name.clone_from(&name);
            settings.kubeconfig = Some("/does/not/exist".into());
        })
        .start()
        .await;
    let error = missing.err().unwrap().to_string();
    assert!(error.contains("/does/not/exist"), "{error}");
    assert_eq!(namespaces(&name), Vec::<String>::new());

    let wrong = Builder::new().nodes(0).start().await;
    assert_eq!(wrong.err().unwrap().to_string(), "nodes 0: 1 to 200 are accepted");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_running_lab_keeps_its_name_and_a_killed_ones_remains_are_removed() {
    if !support::is_possible() {
        return;
    }
    let name = format!("same-{}", std::process::id());
    let builder = || {
        Builder::new()
            .nodes(1)
            .with(|settings| settings.name.clone_from(&name))
    };
    // What a killed lab leaves.
    let remains = Namespace::create(&format!("kl-{name}.node-1")).unwrap();
    drop(remains);
    let lab = builder().start().await.unwrap();
    let refused = builder().start().await.err().unwrap().to_string();
    assert!(
        refused.starts_with(&format!("lab {name} is up already")),
        "{refused}"
    );
    assert!(Entry::of(lab.entry().directory().parent().unwrap(), &name).is_running());
    lab.end().await;
    assert_eq!(namespaces(&name), Vec::<String>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_pods_come_and_go_quickly() {
    if !support::is_possible() {
        return;
    }
    let lab = Builder::new().nodes(3).start().await.unwrap();
    for number in 0..20 {
        let node = format!("node-{}", number % 3 + 1);
        lab.apply(&support::pod(&format!("pod-{number}"), &node))
            .await
            .unwrap();
    }
    for number in 0..20 {
        support::ready(&lab, &format!("pod-{number}")).await;
    }
    let began = Instant::now();
    lab.end().await;
    // Not a measurement: a lab that waited for the pods' grace periods would take longer.
    assert!(began.elapsed() < Duration::from_secs(10));
}
