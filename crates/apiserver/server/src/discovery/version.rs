//! `/version`.

use serde_json::{Value, json};

/// The Kubernetes version whose API is followed. Clients compare it with their own.
const GIT_VERSION: &str = concat!("v1.37.2+kinglet-", env!("CARGO_PKG_VERSION"));

/// The answer to `/version` (apimachinery `version.Info`).
pub(crate) fn version() -> Value {
    json!({
        "major": "1",
        "minor": "37",
        "gitVersion": GIT_VERSION,
        "gitCommit": "",
        "gitTreeState": "clean",
        "buildDate": "1970-01-01T00:00:00Z",
        "goVersion": "none",
        "compiler": "rustc",
        "platform": format!("{}/{}", std::env::consts::OS, go_arch()),
    })
}

/// The processor's name as Go programs expect it.
fn go_arch() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
