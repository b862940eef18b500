//! Messages between the plugin and the agent: one line of JSON each way.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// Where agents listen unless they are told otherwise.
pub(crate) const SOCKET: &str = "/run/kinglet/agent.sock";

/// What happens to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Command {
    /// It is about to start.
    Add,
    /// It is gone.
    Del,
    /// Nothing: is the agent there?
    Status,
}

/// What the plugin asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// What happens.
    pub command: Command,
    /// The pod's namespace; empty for [`Command::Status`].
    #[serde(default)]
    pub namespace: String,
    /// The pod's name.
    #[serde(default)]
    pub name: String,
    /// The pod's `metadata.uid`; empty if the runtime does not pass it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub uid: String,
    /// The pod's addresses; often none when it is gone.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub addresses: Vec<IpAddr>,
}

/// What the agent answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reply {
    /// Why it could not be done; nothing if it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}
