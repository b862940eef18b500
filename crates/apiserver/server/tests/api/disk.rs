//! Disks that are full or fail.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use serde_json::Value;

use super::harness::{Api, CONFIG_MAPS, config_map, names};

const DIRECTORY: &str = "KINGLET_TEST_DIRECTORY";

async fn probe(api: &Api, path: &str) -> u16 {
    let request = Request::get(path).body(Full::new(Bytes::new())).unwrap();
    api.raw(request).await.status().as_u16()
}

async fn create(api: &Api, name: &str) -> (u16, Value) {
    let mut object = config_map(name);
    object["data"]["a"] = "x".repeat(60 << 10).into();
    api.post(CONFIG_MAPS, object).await
}

/// Writes until a write is refused, looks around, makes the disk work again, and writes on. Nothing that was
/// acknowledged is lost, now and after a restart.
async fn fails_and_recovers(directory: &Path, wanted: (u16, &str), repair: impl FnOnce()) {
    let api = Api::open(directory);
    let mut acknowledged = Vec::new();
    let refused = loop {
        let name = format!("c{:04}", acknowledged.len());
        match create(&api, &name).await {
            (201, _) => acknowledged.push(name),
            refused => break refused,
        }
        assert!(acknowledged.len() < 1000, "the disk takes everything");
    };
    assert_eq!(
        (refused.0, refused.1["reason"].as_str()),
        (wanted.0, Some(wanted.1)),
        "{}",
        refused.1
    );
    let message = refused.1["message"].as_str().unwrap();
    assert!(message.contains("state.redb"), "{message}");
    assert_eq!(create(&api, "later").await.0, wanted.0);
    let (status, list) = api.get(CONFIG_MAPS).await;
    assert_eq!(
        (status, names(&list)),
        (200, acknowledged.iter().map(String::as_str).collect())
    );
    for (path, status) in [
        ("/readyz", 500),
        ("/healthz", 500),
        ("/livez", 200),
        ("/readyz/ping", 200),
    ] {
        assert_eq!(probe(&api, path).await, status, "{path}");
    }
    repair();
    let deadline = Instant::now() + Duration::from_secs(60);
    while probe(&api, "/readyz").await != 200 {
        assert!(Instant::now() < deadline, "the store does not recover");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(create(&api, "z-after").await.0, 201);
    acknowledged.push("z-after".to_owned());
    api.0.close().await;
    let api = Api::open(directory);
    let (_, list) = api.get(CONFIG_MAPS).await;
    assert_eq!(names(&list), acknowledged);
    api.0.close().await;
}

fn run(future: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap().block_on(future);
}

fn file_system(directory: &Path, flags: MsFlags, size: &str) {
    let tmpfs = Some("tmpfs");
    mount(tmpfs, directory, tmpfs, flags, Some(size)).unwrap();
}

#[test]
fn a_full_disk_refuses_writes_until_there_is_room() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().to_owned();
    // The file system is seen by this thread and those that it starts, and goes with them.
    let thread = std::thread::spawn(move || {
        if let Err(error) = unshare(CloneFlags::CLONE_NEWNS) {
            assert!(
                std::env::var_os("KINGLET_ALLOW_SKIP").is_some(),
                "needs root: {error}"
            );
            return;
        }
        let none: Option<&str> = None;
        mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).unwrap();
        file_system(&path, MsFlags::empty(), "size=2m");
        let more_room = || file_system(&path, MsFlags::MS_REMOUNT, "size=16m");
        run(fails_and_recovers(&path, (507, "InsufficientStorage"), more_room));
    });
    thread.join().unwrap();
}

/// The process whose files may not grow: the system refuses its writes with an error that does not speak of
/// room.
#[test]
#[ignore = "the helper of a_failing_disk_refuses_writes_until_it_works, which runs it in a process of its own"]
fn limited_process() {
    let directory = std::env::var(DIRECTORY).expect("the directory of the store");
    let limit = |size: &str| {
        let pid = std::process::id().to_string();
        let status = Command::new("prlimit").args(["--pid", &pid, size]).status();
        assert!(status.unwrap().success());
    };
    limit("--fsize=2097152:unlimited");
    run(fails_and_recovers(
        directory.as_ref(),
        (503, "ServiceUnavailable"),
        || limit("--fsize=unlimited"),
    ));
}

#[test]
fn a_failing_disk_refuses_writes_until_it_works() {
    let directory = tempfile::tempdir().unwrap();
    let program = std::env::current_exe().unwrap();
    // By default the signal that comes with the error ends the process.
    let output = Command::new("sh")
        .args([
            "-c",
            r#"trap "" XFSZ; exec "$0" --exact disk::limited_process --ignored --nocapture"#,
        ])
        .arg(program)
        .env(DIRECTORY, directory.path())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_lost_store_is_no_fresh_start() {
    let directory = tempfile::tempdir().unwrap();
    run(async { Api::open(directory.path()).0.close().await });
    let store = directory.path().join("state.redb");
    let open = || {
        let settings = kinglet_apiserver::ApiServerSettings {
            data_dir: Some(directory.path().to_owned()),
            ..Default::default()
        };
        kinglet_apiserver::ApiServer::open(settings)
            .map(|_| ())
            .unwrap_err()
            .to_string()
    };
    std::fs::write(&store, b"").unwrap();
    let message = open();
    assert!(
        message.contains("state.redb is empty") && message.contains("tls/ca.crt"),
        "{message}"
    );
    std::fs::remove_file(&store).unwrap();
    assert!(open().contains("state.redb is missing"), "{}", open());
    assert!(!store.exists());
}

#[test]
fn a_store_in_use_names_the_process() {
    let directory = tempfile::tempdir().unwrap();
    let api = Api::open(directory.path());
    let settings = kinglet_apiserver::ApiServerSettings {
        data_dir: Some(directory.path().to_owned()),
        ..Default::default()
    };
    let error = kinglet_apiserver::ApiServer::open(settings)
        .map(|_| ())
        .unwrap_err()
        .to_string();
    let process = format!("process {} (", std::process::id());
    assert!(
        error.contains("state.redb is in use by") && error.contains(&process),
        "{error}"
    );
    run(async { api.0.close().await });
}

/// Keys of one half are not replaced silently: everybody trusts the old authority.
#[test]
fn a_damaged_authority_is_named() {
    let directory = tempfile::tempdir().unwrap();
    run(async { Api::open(directory.path()).0.close().await });
    let (key, leaf) = (
        directory.path().join("tls/ca.key"),
        directory.path().join("tls/server.key"),
    );
    let good = std::fs::read(&key).unwrap();
    let open = || {
        let settings = kinglet_apiserver::ApiServerSettings {
            data_dir: Some(directory.path().to_owned()),
            ..Default::default()
        };
        kinglet_apiserver::ApiServer::open(settings)
    };
    for (content, said) in [
        (Some(std::fs::read(&leaf).unwrap()), "ca.crt"),
        (Some(b"odd".to_vec()), "ca.key"),
        (None, "ca.key"),
    ] {
        match content {
            Some(content) => std::fs::write(&key, content).unwrap(),
            None => std::fs::remove_file(&key).unwrap(),
        }
        let error = open().map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(&format!("tls/{said}")), "{error}");
    }
    std::fs::write(&key, &good).unwrap();
    // A leaf can be signed anew.
    std::fs::write(&leaf, &good).unwrap();
    run(async {
        let server = open().unwrap();
        server.bind().unwrap();
        server.close().await;
    });
    assert_ne!(std::fs::read(&leaf).unwrap(), good);
}
