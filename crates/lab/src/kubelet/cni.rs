//! The last plugin of a CNI chain, called as a container runtime calls it: when a pod has its addresses,
//! before its containers start.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::Stdio;

use serde_json::{Value, json};
use tokio::io::AsyncWriteExt;
use tokio::process::Command;

use super::spec::Pod;

const VERSION: &str = "1.0.0";

/// A plugin, and what it is told.
#[derive(Clone, Debug)]
pub(crate) struct Plugin {
    pub(crate) program: PathBuf,
    /// Where the node's agent listens.
    pub(crate) socket: PathBuf,
}

impl Plugin {
    /// Waits until the plugin lets a pod start.
    pub(super) async fn add(&self, pod: &Pod, namespace: &Path, addresses: &[IpAddr]) -> Result<(), String> {
        let meta = &pod.metadata;
        let arguments = format!(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE={};K8S_POD_NAME={};K8S_POD_UID={}",
            meta.namespace, meta.name, meta.uid
        );
        let mut command = Command::new(&self.program);
        command
            .env_clear()
            .env("CNI_COMMAND", "ADD")
            .env("CNI_CONTAINERID", &*meta.uid)
            .env("CNI_NETNS", namespace)
            .env("CNI_IFNAME", "eth0")
            .env("CNI_ARGS", arguments);
        self.call(command, &self.configuration(addresses))
            .await
            .map_err(|error| format!("CNI plugin {}: {error}", self.program.display()))
    }

    fn configuration(&self, addresses: &[IpAddr]) -> Value {
        let length = |address: &IpAddr| if address.is_ipv4() { 24 } else { 64 };
        let ips = addresses
            .iter()
            .map(|address| json!({"address": format!("{address}/{}", length(address))}));
        json!({
            "cniVersion": VERSION,
            "name": "lab",
            "type": "kinglet",
            "socket": self.socket,
            "prevResult": {"cniVersion": VERSION, "ips": ips.collect::<Vec<_>>()},
        })
    }

    async fn call(&self, mut command: Command, configuration: &Value) -> Result<(), String> {
        let text = |error: std::io::Error| error.to_string();
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = piped.spawn().map_err(text)?;
        if let Some(mut input) = child.stdin.take() {
            let written = input.write_all(configuration.to_string().as_bytes()).await;
            written.map_err(text)?;
        }
        let output = child.wait_with_output().await.map_err(text)?;
        if output.status.success() {
            return Ok(());
        }
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        let message = printed["msg"].as_str().map(str::to_owned);
        Err(message.unwrap_or_else(|| output.status.to_string()))
    }
}
