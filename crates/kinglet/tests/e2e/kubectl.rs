//! kubectl in several versions: every transcript of `tests/kubectl`, each on a fresh server.
//!
//! With `KINGLET_REAL_KUBECONFIG` the transcripts run against that cluster instead: they must be true there
//! too.

use std::path::{Path, PathBuf};

use crate::server::Server;
use crate::tools;
use crate::transcript::Transcript;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../tests/kubectl")
        .canonicalize()
        .unwrap()
}

fn transcripts() -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    assert!(!files.is_empty());
    files
}

/// Runs all transcripts with one version of kubectl.
fn run(version: &str) {
    let temporary = tempfile::tempdir().unwrap();
    let programs = temporary.path().join("bin");
    std::fs::create_dir(&programs).unwrap();
    std::os::unix::fs::symlink(
        tools::folder().join("bin").join(format!("kubectl-{version}")),
        programs.join("kubectl"),
    )
    .unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let minor: u32 = version.rsplit('.').next().unwrap().parse().unwrap();
    let mut failures = Vec::new();
    for file in transcripts() {
        let data = temporary.path().join(file.file_stem().unwrap());
        let real = std::env::var_os("KINGLET_REAL_KUBECONFIG").map(PathBuf::from);
        let server = real.is_none().then(|| Server::start(&data, &[]));
        let kubeconfig = real.or_else(|| server.as_ref().map(Server::kubeconfig)).unwrap();
        let cache = temporary.path().join("cache");
        let environment = [
            ("PATH", Path::new(&path)),
            ("LC_ALL", Path::new("C")),
            ("KUBECONFIG", &kubeconfig),
            ("KUBECACHEDIR", &cache),
            ("HOME", temporary.path()),
        ];
        failures.extend(Transcript::read(&file).run(&folder(), &environment, minor));
    }
    assert!(
        failures.is_empty(),
        "{} differences\n{}",
        failures.len(),
        failures.join("\n")
    );
}

/// Runs with the installed version at that place of the sorted list.
fn run_nth(place: usize) {
    if let Some(version) = tools::kubectl_versions().get(place) {
        run(version);
    }
}

#[test]
fn oldest() {
    run_nth(0);
}

#[test]
fn second() {
    run_nth(1);
}

#[test]
fn third() {
    run_nth(2);
}

#[test]
fn newest() {
    run_nth(3);
}
