//! The command line: help, completions, and errors that name the flag.

use std::net::TcpListener;
use std::process::{Command, Output};

fn kinglet(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kinglet"))
        .args(arguments)
        .output()
        .unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn help_of_every_subcommand_teaches() {
    let help = text(&kinglet(&["--help"]).stdout);
    for subcommand in ["server", "demo", "lab", "completion", "man", "version"] {
        assert!(help.contains(subcommand), "{help}");
        let own = kinglet(&[subcommand, "--help"]);
        assert!(own.status.success());
        assert!(text(&own.stdout).contains("Usage:"), "{subcommand}");
    }
}

#[test]
fn completions_and_man_page() {
    let script = text(&kinglet(&["completion", "bash"]).stdout);
    assert!(script.contains(r#"COMPLETE="bash""#), "{script}");
    // As the script asks.
    let asked = Command::new(env!("CARGO_BIN_EXE_kinglet"))
        .args(["--", "kinglet", "server", "--dns-l"])
        .env("COMPLETE", "bash")
        .env("_CLAP_COMPLETE_INDEX", "2")
        .output()
        .unwrap();
    assert_eq!(text(&asked.stdout).trim(), "--dns-listen");
    let man = text(&kinglet(&["man"]).stdout);
    assert!(man.contains(".TH") && man.contains("dns\\-listen"), "{man}");
    assert!(
        man.contains("pod\\-network") && !man.contains("kinglet\\-lab\\-run"),
        "lab up is missing"
    );
}

#[test]
fn version_for_people_and_scripts() {
    assert_eq!(
        text(&kinglet(&["version"]).stdout),
        format!("kinglet {}\n", env!("CARGO_PKG_VERSION"))
    );
    let json: serde_json::Value =
        serde_json::from_slice(&kinglet(&["version", "-o", "json"]).stdout).unwrap();
    assert_eq!(json["version"], env!("CARGO_PKG_VERSION"));
}

#[test]
fn a_taken_port_names_its_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let directory = tempfile::tempdir().unwrap();
    for flag in ["api", "dns", "web", "websecure", "admin"] {
        let listeners = ["api", "dns", "web", "websecure", "admin"].map(|name| {
            let address = if name == flag {
                address.as_str()
            } else {
                "127.0.0.1:0"
            };
            format!("--{name}-listen={address}")
        });
        let mut arguments = vec![
            "server",
            "--standalone",
            "--data-dir",
            directory.path().to_str().unwrap(),
        ];
        arguments.extend(listeners.iter().map(String::as_str));
        let output = kinglet(&arguments);
        let error = text(&output.stderr);
        assert!(!output.status.success());
        assert!(
            error.contains(&format!("--{flag}-listen {address}")) && error.contains("in use"),
            "{flag}: {error}"
        );
    }
}

#[test]
fn contradicting_options_are_refused_before_anything_starts() {
    let output = kinglet(&["server", "--standalone", "--cluster-dns=192.0.2.1"]);
    assert!(!output.status.success());
    assert_eq!(
        text(&output.stderr),
        "error: --cluster-dns 192.0.2.1 is not in --service-cidr 10.43.0.0/16\n"
    );
}

#[test]
fn a_server_without_a_cluster_says_what_to_do() {
    let listeners = ["dns", "web", "websecure", "admin"].map(|name| format!("--{name}-listen=127.0.0.1:0"));
    let output = Command::new(env!("CARGO_BIN_EXE_kinglet"))
        .arg("server")
        .args(listeners)
        .env_clear()
        .env("HOME", "/nonexistent")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = text(&output.stderr);
    for way in ["--kubeconfig", "service account", "--standalone"] {
        assert!(error.contains(way), "{error}");
    }
}

#[test]
fn a_log_level_that_is_none_is_refused() {
    let output = kinglet(&["server", "--standalone", "--log-level", "foo"]);
    let error = text(&output.stderr);
    assert!(!output.status.success());
    assert!(error.contains("--log-level: \"foo\" is not a level"), "{error}");
}
