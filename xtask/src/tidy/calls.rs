//! Calls that only some code may make, tests apart. Clippy refuses those that nothing may make (clippy.toml).

use crate::modules::Names;
use crate::source::{Source, Visibility};
use crate::workspace::Workspace;

/// A part of a path that is refused.
struct Refused {
    path: &'static [&'static str],
    /// Where it is refused.
    place: Place,
    because: &'static str,
    /// Folders and files that may, and why.
    allowed: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Place {
    Everywhere,
    /// Crates that do no I/O and know no time.
    PureCrates,
}

const PURE: &str = "a pure crate gets time, chance and data as parameters";

const REFUSED: &[Refused] = &[
    Refused {
        path: &["env", "var"],
        place: Place::Everywhere,
        because: SETTINGS,
        allowed: ENVIRONMENT,
    },
    Refused {
        path: &["env", "var_os"],
        place: Place::Everywhere,
        because: SETTINGS,
        allowed: ENVIRONMENT,
    },
    Refused {
        path: &["process", "exit"],
        place: Place::Everywhere,
        because: "nothing that has to be closed would be closed; return an error",
        allowed: &[(
            "crates/kinglet/src/shutdown.rs",
            "a second signal ends a process that does not stop",
        )],
    },
    Refused {
        path: &["thread", "sleep"],
        place: Place::Everywhere,
        because: "it holds up a thread of the runtime; use `tokio::time::sleep`",
        allowed: &[
            ("crates/dns/server/src/udp", "workers are threads of their own"),
            ("crates/lab/src/lab", "the lab is taken down without a runtime"),
            ("crates/netpol/src/in_flight.rs", "runs in a blocking task"),
        ],
    },
    pure(&["std", "fs"]),
    pure(&["std", "net", "TcpListener"]),
    pure(&["std", "net", "TcpStream"]),
    pure(&["std", "net", "UdpSocket"]),
    pure(&["std", "process"]),
    pure(&["std", "thread"]),
    pure(&["std", "env"]),
    pure(&["Instant", "now"]),
    pure(&["SystemTime", "now"]),
    pure(&["Timestamp", "now"]),
];

const SETTINGS: &str = "settings come through `config`, as a value";
const ENVIRONMENT: &[(&str, &str)] = &[
    ("crates/kinglet/src/command/cni.rs", "the protocol of CNI"),
    ("crates/kinglet/src/command/lb.rs", "the protocol of klipper-lb"),
    (
        "crates/lab/src/kubelet/program.rs",
        "programs in Pods find what this process finds",
    ),
];

const fn pure(path: &'static [&'static str]) -> Refused {
    Refused {
        path,
        place: Place::PureCrates,
        because: PURE,
        allowed: &[],
    }
}

/// Refused calls, and permissions that nothing needs.
pub(super) fn check(workspace: &Workspace, pure: &[&str], sources: &[Source<'_>]) -> Vec<String> {
    let folders: Vec<String> = workspace
        .own()
        .filter(|package| pure.contains(&package.name.as_str()))
        .map(|package| format!("{}/src", package.folder))
        .collect();
    findings(REFUSED, &folders, sources)
}

fn findings(refused: &[Refused], pure: &[String], sources: &[Source<'_>]) -> Vec<String> {
    let mut findings = Vec::new();
    let mut used: Vec<(&str, &str)> = Vec::new();
    for source in sources.iter().filter(|source| !source.path.starts_with("xtask/")) {
        let is_pure = pure.iter().any(|folder| is_inside(source.path, folder));
        for (line, path) in paths(source) {
            let met = refused
                .iter()
                .filter(|one| one.place == Place::Everywhere || is_pure)
                .filter(|one| path.windows(one.path.len()).any(|part| part == one.path));
            for one in met {
                let name = one.path.join("::");
                match one
                    .allowed
                    .iter()
                    .find(|(place, _)| is_inside(source.path, place))
                {
                    Some(allowed) => used.push(*allowed),
                    None => findings.push(format!("{}:{line}: `{name}`: {}", source.path, one.because)),
                }
            }
        }
    }
    let mut idle: Vec<&str> = refused
        .iter()
        .flat_map(|one| one.allowed)
        .filter(|allowed| !used.contains(allowed))
        .map(|(place, _)| *place)
        .collect();
    idle.dedup();
    findings.extend(
        idle.into_iter()
            .map(|place| format!("{place} needs no permission for its calls")),
    );
    findings
}

/// Imported and named paths of a file, with their lines.
fn paths(source: &Source<'_>) -> Vec<(usize, Vec<String>)> {
    let mut names = Names::default();
    names.read(&source.plain(), Visibility::Private);
    let imports = names.imports.into_iter().map(|import| (import.line, import.path));
    let paths = names.paths.into_iter().map(|named| (named.line, named.path));
    imports.chain(paths).collect()
}

fn is_inside(path: &str, place: &str) -> bool {
    path == place || path.strip_prefix(place).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: &[Refused] = &[
        pure(&["std", "fs"]),
        pure(&["Instant", "now"]),
        Refused {
            path: &["env", "var"],
            place: Place::Everywhere,
            because: "no",
            allowed: &[("b/env.rs", "reason")],
        },
    ];

    fn check(path: &str, text: &str) -> Vec<String> {
        let sources = [
            Source::new(path, text),
            Source::new("b/env.rs", "fn f() { std::env::var() }"),
        ];
        findings(RULES, &["a".to_owned()], &sources)
    }

    #[test]
    fn refused_paths() {
        for (path, text, count) in [
            ("a/x.rs", "use std::{fs, net};", 1),
            ("a/x.rs", "use std::fs::File as F;", 1),
            ("a/x.rs", "fn f() { std::fs::read(a) }", 1),
            ("a/x.rs", "fn f() { Instant::now() }", 1),
            ("a/x.rs", "fn f() { now() }", 0),
            ("b/x.rs", "fn f() { std::fs::read(Instant::now()) }", 0),
            ("b/x.rs", "use std::env; fn f() { env::var(a) }", 1),
            ("b/x.rs", "#[cfg(test)] mod t { fn f() { env::var(a) } }", 0),
            ("ab/x.rs", "use std::fs;", 0),
        ] {
            assert_eq!(check(path, text).len(), count, "{path} {text}");
        }
    }

    #[test]
    fn permissions_are_needed() {
        assert_eq!(
            findings(RULES, &[], &[]),
            ["b/env.rs needs no permission for its calls"]
        );
    }
}
