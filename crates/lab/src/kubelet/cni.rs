//! The last plugin of a CNI chain, called as a container runtime calls it: when a pod has its addresses,
//! before its containers start.

use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::process::{ExitStatus, Stdio};

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

/// A call of a plugin that failed.
#[derive(Debug, thiserror::Error)]
#[error("CNI plugin {program}: {failure}", program = program.display())]
pub(super) struct CniError {
    program: PathBuf,
    failure: CniFailure,
}

#[derive(Debug, thiserror::Error)]
enum CniFailure {
    #[error(transparent)]
    Run(#[from] io::Error),
    /// The `msg` of the plugin's answer.
    #[error("{0}")]
    Refused(String),
    #[error("{0}")]
    Exit(ExitStatus),
}

impl Plugin {
    /// Waits until the plugin lets a pod start.
    pub(super) async fn add(
        &self,
        pod: &Pod,
        namespace: &Path,
        addresses: &[IpAddr],
    ) -> Result<(), CniError> {
        let meta = &pod.metadata;
        let arguments = format!(
            // Plugins refuse arguments that they do not know, unless they are told to ignore them.
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
        let called = self.call(command, &self.configuration(addresses)).await;
        called.map_err(|failure| CniError {
            program: self.program.clone(),
            failure,
        })
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

    async fn call(&self, mut command: Command, configuration: &Value) -> Result<(), CniFailure> {
        let piped = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .kill_on_drop(true);
        let mut child = piped.spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // Dropped at the end of the block: the plugin reads to the end of its input.
            input.write_all(configuration.to_string().as_bytes()).await?;
        }
        let output = child.wait_with_output().await?;
        if output.status.success() {
            return Ok(());
        }
        // CNI has plugins print errors, too, to their output.
        let printed: Value = serde_json::from_slice(&output.stdout).unwrap_or_default();
        Err(match printed["msg"].as_str() {
            Some(message) => CniFailure::Refused(message.to_owned()),
            None => CniFailure::Exit(output.status),
        })
    }
}
