//! The official Python client: `tests/python/client.py`.

use std::path::Path;
use std::process::Command;

use crate::server::Server;
use crate::tools;

#[test]
fn the_python_client_works() {
    let Some(python) = tools::installed("python/bin/python") else {
        return;
    };
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), &[]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/python/client.py");
    let output = Command::new(python)
        .arg(script)
        .env("KUBECONFIG", server.kubeconfig())
        .output()
        .unwrap();
    let (printed, error) = (
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
    );
    assert!(
        output.status.success() && printed.trim_end() == "ok",
        "{printed}\n{error}"
    );
}
