//! A fresh network namespace for each test, and the `nft` program in it.

use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::thread;

use kinglet_nft::{Batch, Connection};

use crate::sys::enter_new_namespace;

/// Runs a test in a network namespace of its own, on a thread of its own. Without the privilege the test
/// fails, unless `KINGLET_ALLOW_SKIP=1`.
pub(crate) fn in_namespace(test: fn()) {
    let body = move || match enter_new_namespace() {
        Ok(()) => {
            run("ip", &["link", "set", "lo", "up"]);
            test();
        }
        Err(error) => cannot_run(&format!(
            "no network namespace, for which root is needed: {error}"
        )),
    };
    if let Err(panic) = thread::spawn(body).join() {
        std::panic::resume_unwind(panic);
    }
}

/// Ends a test that cannot run: it fails, unless `KINGLET_ALLOW_SKIP=1`.
pub(crate) fn cannot_run(why: &str) {
    let skip = std::env::var("KINGLET_ALLOW_SKIP").is_ok_and(|value| value == "1");
    assert!(skip, "{why} (KINGLET_ALLOW_SKIP=1 skips)");
    eprintln!("skipped: {why}");
}

/// Runs a program that must succeed; returns what it prints.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program)
        .args(arguments)
        .output()
        .unwrap_or_else(|error| panic!("{program}: {error}"));
    success(&format!("{program} {}", arguments.join(" ")), output)
}

/// Runs `nft` with these arguments; it must succeed.
pub(crate) fn nft(arguments: &str) -> String {
    run("nft", &arguments.split(' ').collect::<Vec<_>>())
}

/// Runs `nft` with these arguments; it must fail. Returns what it complains about.
pub(crate) fn nft_fails(arguments: &str) -> String {
    let output = Command::new("nft")
        .args(arguments.split(' '))
        .output()
        .expect("nft");
    assert!(!output.status.success(), "nft {arguments} succeeded");
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Lets `nft` load a text.
pub(crate) fn nft_load(text: &str) {
    let mut child = Command::new("nft")
        .args(["-f", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("nft");
    let mut input = child.stdin.take().expect("its input");
    input.write_all(text.as_bytes()).expect("nft reads its input");
    drop(input);
    success(text, child.wait_with_output().expect("nft ends"));
}

fn success(what: &str, output: Output) -> String {
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {errors}");
    String::from_utf8(output.stdout).expect("UTF-8")
}

/// Commits a batch on a connection of its own.
pub(crate) fn commit(batch: &Batch) {
    let mut connection = Connection::open().expect("open");
    connection.commit(batch).unwrap_or_else(|error| panic!("{error}"));
}
