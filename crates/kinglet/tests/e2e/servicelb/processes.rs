//! Kinglet's processes on the nodes of a lab, started and ended by a test.

use std::process::{Child, Stdio};

use crate::hello::eventually;
use crate::lab::Lab;

/// A server or an agent; it ends when this is dropped.
pub(super) struct Process(Child);

impl Process {
    /// The server on node-1, with load balancers and the cloud controller only.
    pub(super) fn server(lab: &Lab, flags: &[&str]) -> Self {
        let common = ["--disable=coredns,traefik", "--admin-listen=127.0.0.1:9900"];
        let process = Self::start(lab, "node-1", "server", &[&common, flags].concat());
        wait_until_ready(lab, "node-1", 9900);
        process
    }

    /// The agent of a node.
    pub(super) fn agent(lab: &Lab, node: &str, flags: &[&str]) -> Self {
        let process = Self::agent_that_cannot_serve(lab, node, flags);
        wait_until_ready(lab, node, 9901);
        process
    }

    /// The agent of a node, without waiting until it is ready.
    pub(super) fn agent_that_cannot_serve(lab: &Lab, node: &str, flags: &[&str]) -> Self {
        let name = format!("--node-name={node}");
        let state = lab.inside_kubeconfig();
        let socket = state.with_file_name(format!("{node}.sock"));
        let socket = format!("--cni-socket={}", socket.display());
        let common = [name.as_str(), socket.as_str(), "--admin-listen=127.0.0.1:9901"];
        Self::start(lab, node, "agent", &[&common, flags].concat())
    }

    fn start(lab: &Lab, node: &str, role: &str, flags: &[&str]) -> Self {
        let mut command = lab.node_command(node, env!("CARGO_BIN_EXE_kinglet"));
        command
            .arg(role)
            .arg(format!("--kubeconfig={}", lab.inside_kubeconfig().display()))
            .args(flags)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        Self(command.spawn().unwrap())
    }

    /// Asks it to end, and waits until it has.
    pub(super) fn end(mut self) {
        let pid = self.0.id().to_string();
        let asked = std::process::Command::new("kill").arg(&pid).status();
        assert!(asked.unwrap().success());
        let status = self.0.wait().unwrap();
        assert!(status.success(), "{status}");
    }
}

fn wait_until_ready(lab: &Lab, node: &str, admin: u16) {
    eventually(|| {
        let mut asked = lab.node_command(node, "curl");
        asked.args(["-sf", &format!("http://127.0.0.1:{admin}/readyz")]);
        match asked.output() {
            Ok(output) if output.status.success() => Ok(()),
            other => Err(format!("{admin} on {node} is not ready: {other:?}")),
        }
    });
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
