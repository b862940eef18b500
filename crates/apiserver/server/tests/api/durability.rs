//! Nothing acknowledged is lost when the process is killed.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use serde_json::json;

use super::harness::{Api, CONFIG_MAPS, config_map, names, revision};

const DIRECTORY: &str = "KINGLET_TEST_DIRECTORY";
const ROUND: &str = "KINGLET_TEST_ROUND";

/// The process that is killed: creates objects and tells each name once the server has acknowledged it.
#[tokio::test]
#[ignore = "the helper of acknowledged_writes_survive_a_kill, which runs it in a process of its own"]
async fn endless_writer() {
    let directory = std::env::var(DIRECTORY).expect("the directory of the store");
    let round = std::env::var(ROUND).unwrap();
    let api = Api::open(directory.as_ref());
    for number in 0.. {
        let name = format!("r{round}-{number}");
        let (status, created) = api.post(CONFIG_MAPS, config_map(&name)).await;
        assert_eq!(status, 201);
        let path = format!("{CONFIG_MAPS}/{name}");
        let (status, _) = api.merge(&path, json!({"data": {"a": "2"}})).await;
        assert_eq!(status, 200);
        let mut out = std::io::stdout().lock();
        writeln!(out, "\nACK {name} {}", revision(&created)).unwrap();
        out.flush().unwrap();
    }
}

/// Runs the writer until it has acknowledged some writes, kills it, and returns the acknowledged names and
/// revisions.
fn write_and_kill(directory: &std::path::Path, round: usize, acknowledged: usize) -> Vec<(String, u64)> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args([
            "--exact",
            "durability::endless_writer",
            "--ignored",
            "--nocapture",
        ])
        .env(DIRECTORY, directory)
        .env(ROUND, round.to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut found = Vec::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        let line = line.unwrap();
        if let Some(rest) = line.strip_prefix("ACK ") {
            let (name, revision) = rest.split_once(' ').unwrap();
            found.push((name.to_owned(), revision.parse().unwrap()));
        }
        if found.len() == acknowledged {
            // SIGKILL; what was written to the pipe before is still read.
            child.kill().unwrap();
        }
    }
    child.wait().unwrap();
    assert!(found.len() >= acknowledged, "the writer ended early: {found:?}");
    found
}

#[tokio::test]
async fn acknowledged_writes_survive_a_kill() {
    let directory = tempfile::tempdir().unwrap();
    let mut all: Vec<(String, u64)> = Vec::new();
    for round in 0..6 {
        all.extend(write_and_kill(directory.path(), round, 3 + round * 4));
        let api = Api::open(directory.path());
        let (_, list) = api.get(CONFIG_MAPS).await;
        let found = names(&list);
        for (name, _) in &all {
            assert!(found.contains(&name.as_str()), "{name} is lost in round {round}");
            let (_, object) = api.get(&format!("{CONFIG_MAPS}/{name}")).await;
            assert_eq!(object["data"]["a"], "2", "the change of {name} is lost");
        }
        let highest = all.iter().map(|(_, revision)| *revision).max().unwrap();
        let next = revision(&api.config_map(&format!("after-{round}")).await);
        assert!(next > highest, "revision {next} follows {highest}");
        api.0.close().await;
    }
}

#[tokio::test]
async fn a_restart_keeps_objects_and_forgets_history() {
    let directory = tempfile::tempdir().unwrap();
    let api = Api::open(directory.path());
    let first = api.config_map("first").await;
    let second = api.config_map("second").await;
    api.0.close().await;

    let api = Api::open(directory.path());
    assert_eq!(api.get(&format!("{CONFIG_MAPS}/second")).await, (200, second));
    let mut watch = api
        .watch(&format!(
            "{CONFIG_MAPS}?watch=1&resourceVersion={}",
            revision(&first)
        ))
        .await;
    let error = watch.next().await.unwrap();
    assert_eq!(error["type"], "ERROR");
    assert_eq!(error["object"]["reason"], "Expired");
    assert_eq!(error["object"]["code"], 410);
    assert_eq!(watch.next().await, None);
    api.0.close().await;
    let (status, answer) = api.post(CONFIG_MAPS, config_map("late")).await;
    assert_eq!((status, &answer["reason"]), (503, &json!("ServiceUnavailable")));
}
