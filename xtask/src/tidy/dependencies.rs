//! Which crate may know what (ARCHITECTURE.md, "Invariants").

use std::collections::BTreeSet;

use crate::workspace::{Package, Workspace};

/// Pure crates, and what they may never need, directly or not.
const PURE: &[&str] = &[
    "kinglet-model",
    "kinglet-dns-wire",
    "kinglet-dns-zone",
    "kinglet-ingress-routes",
    "kinglet-ingress-providers",
    "kinglet-ingress-tls",
    "kinglet-api-schema",
    "kinglet-api-patch",
    "kinglet-api-kinds",
    "kinglet-cloud-rules",
];
const IMPURE: &[&str] = &[
    "tokio",
    "hyper",
    "kube",
    "kube-client",
    "kube-core",
    "k8s-openapi",
    "libc",
    "socket2",
];

/// Crates that do system calls only, and what they may never need, directly or not.
const BARE: &[&str] = &["kinglet-nft"];
/// Cores that make what the former commit, and never need a runtime or a client, directly or not.
const CORES: &[&str] = &["kinglet-dataplane", "kinglet-policy", "kinglet-servicelb-plan"];
const NOT_BARE: &[&str] = &[
    "tokio",
    "hyper",
    "kube",
    "kube-client",
    "kube-core",
    "k8s-openapi",
];

/// A crate that only some of ours may name.
const RESERVED: &[(&str, &[&str])] = &[
    ("kube", &["kinglet-kube"]),
    ("k8s-openapi", &["kinglet-kube"]),
    ("clap", &["kinglet", "kinglet-config", "xtask"]),
    ("anyhow", &["kinglet", "xtask"]),
    ("redb", &["kinglet-apiserver"]),
    ("rtnetlink", &["kinglet-lab"]),
    ("domain", &["kinglet-dns-server"]),
    ("tracing-subscriber", &["kinglet-telemetry"]),
    // Configuration is data: of the ingress crates only those that load certificates and shake hands name TLS.
    (
        "rustls",
        &[
            "kinglet",
            "kinglet-apiserver",
            "kinglet-ingress-tls",
            "kinglet-ingress-proxy",
        ],
    ),
    (
        "tokio-rustls",
        &["kinglet", "kinglet-apiserver", "kinglet-ingress-proxy"],
    ),
    ("rustls-pki-types", &["kinglet-kube"]),
    ("x509-parser", &["kinglet-apiserver", "kinglet-ingress-tls"]),
];

/// Services never depend on one another sideways; each row is one service.
const SERVICES: &[&[&str]] = &[
    &[
        "kinglet-dns-wire",
        "kinglet-dns-zone",
        "kinglet-dns-server",
        "kinglet-dns-controller",
    ],
    &[
        "kinglet-ingress-routes",
        "kinglet-ingress-providers",
        "kinglet-ingress-tls",
        "kinglet-ingress-proxy",
        "kinglet-ingress-controller",
    ],
    &[
        "kinglet-api-schema",
        "kinglet-api-patch",
        "kinglet-api-kinds",
        "kinglet-apiserver",
        "kinglet-controllers",
    ],
    &["kinglet-addons"],
    &["kinglet-dataplane", "kinglet-dataplane-agent"],
    &["kinglet-servicelb-plan", "kinglet-servicelb"],
    &["kinglet-cloud-rules", "kinglet-cloud"],
    &["kinglet-cni"],
    &["kinglet-policy", "kinglet-netpol"],
];

/// Crates that do no I/O and know no time.
pub(super) fn pure() -> Vec<&'static str> {
    PURE.iter().chain(CORES).copied().collect()
}

/// What breaks an invariant.
pub(super) fn check(workspace: &Workspace) -> Vec<String> {
    let mut findings = missing(workspace);
    for package in workspace.own() {
        findings.extend(purity(workspace, package));
        findings.extend(bareness(workspace, package));
        findings.extend(coreness(workspace, package));
        findings.extend(reservations(workspace, package));
        findings.extend(sideways(workspace, package));
    }
    findings
}

/// A rule about a crate that is no longer there checks nothing.
fn missing(workspace: &Workspace) -> Vec<String> {
    let own: BTreeSet<&str> = workspace.own().map(|package| package.name.as_str()).collect();
    let named = PURE
        .iter()
        .chain(BARE)
        .chain(CORES)
        .chain(SERVICES.iter().copied().flatten());
    named
        .filter(|name| !own.contains(*name))
        .map(|name| format!("tidy names {name}, which is not in the workspace"))
        .collect()
}

fn purity(workspace: &Workspace, package: &Package) -> Vec<String> {
    if !PURE.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let direct = workspace.direct(package);
    IMPURE
        .iter()
        .filter(|name| direct.contains(*name))
        .map(|name| format!("{} is pure and must not need {name}", package.name))
        .collect()
}

fn bareness(workspace: &Workspace, package: &Package) -> Vec<String> {
    if !BARE.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let closure = workspace.closure(package);
    let own = workspace.own().map(|own| own.name.as_str());
    let refused = NOT_BARE.iter().copied().chain(own);
    refused
        .filter(|name| *name != package.name && closure.contains(*name))
        .map(|name| format!("{} does system calls only and must not need {name}", package.name))
        .collect()
}

fn coreness(workspace: &Workspace, package: &Package) -> Vec<String> {
    if !CORES.contains(&package.name.as_str()) {
        return Vec::new();
    }
    let closure = workspace.closure(package);
    NOT_BARE
        .iter()
        .filter(|name| closure.contains(*name))
        .map(|name| format!("{} is a core and must not need {name}", package.name))
        .collect()
}

fn reservations(workspace: &Workspace, package: &Package) -> Vec<String> {
    let direct = workspace.direct(package);
    RESERVED
        .iter()
        .filter(|(name, allowed)| direct.contains(name) && !allowed.contains(&package.name.as_str()))
        .map(|(name, allowed)| format!("{} names {name}; only {} may", package.name, allowed.join(", ")))
        .collect()
}

fn sideways(workspace: &Workspace, package: &Package) -> Vec<String> {
    let Some(own) = SERVICES.iter().find(|row| row.contains(&package.name.as_str())) else {
        return Vec::new();
    };
    let closure = workspace.closure(package);
    let others = SERVICES.iter().filter(|row| *row != own).copied().flatten();
    others
        .filter(|name| closure.contains(*name))
        .map(|name| format!("{} depends sideways on {name}", package.name))
        .collect()
}
