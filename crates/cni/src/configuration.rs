//! The network configuration on the plugin's standard input, and the pod in its environment.

use std::net::IpAddr;
use std::path::PathBuf;

use serde::Deserialize;
use serde_json::Value;

use crate::failure::Failure;

/// The entry of a configuration list, with what the runtime adds to it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Configuration {
    #[serde(default)]
    pub(crate) cni_version: String,
    /// Where the agent listens.
    pub(crate) socket: Option<PathBuf>,
    /// What happens without an agent.
    #[serde(default)]
    pub(crate) unreachable: Unreachable,
    /// How long an answer may take, in seconds.
    #[serde(default = "patience")]
    pub(crate) timeout_seconds: u64,
    /// What the plugins before this one have done.
    pub(crate) prev_result: Option<Value>,
}

/// What becomes of a pod when no agent can be asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Unreachable {
    /// It does not start; the kubelet tries again.
    #[default]
    Deny,
    /// It starts all the same.
    Allow,
}

fn patience() -> u64 {
    10
}

impl Configuration {
    pub(crate) fn read(text: &str) -> Result<Self, Failure> {
        serde_json::from_str(text).map_err(|error| Failure::decode(format!("network configuration: {error}")))
    }

    /// The addresses that the plugins before this one gave the pod: `prevResult.ips[].address`.
    pub(crate) fn addresses(&self) -> Result<Vec<IpAddr>, Failure> {
        let listed = self.prev_result.as_ref().map(|result| &result["ips"]);
        let listed = listed.and_then(Value::as_array).into_iter().flatten();
        listed.map(|entry| address(&entry["address"])).collect()
    }
}

/// `10.42.1.5/24`, or without the length.
fn address(value: &Value) -> Result<IpAddr, Failure> {
    let text = value.as_str().unwrap_or_default();
    let address = text.split('/').next().and_then(|address| address.parse().ok());
    address.ok_or_else(|| Failure::configuration(format!("prevResult.ips: {value} is not an address")))
}

/// A value of `CNI_ARGS`: `IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web`.
pub(crate) fn argument<'a>(arguments: &'a str, name: &str) -> Option<&'a str> {
    let pairs = arguments.split(';').filter_map(|pair| pair.split_once('='));
    pairs
        .filter(|(key, _)| *key == name)
        .map(|(_, value)| value)
        .next_back()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_entry() {
        let text = r#"{"cniVersion": "1.0.0", "name": "cbr0", "type": "kinglet", "unreachable": "allow", "timeoutSeconds": 3,
            "socket": "/run/x.sock", "prevResult": {"ips": [{"address": "10.42.1.5/24"}, {"address": "fd00:42::5/64"}]}}"#;
        let read = Configuration::read(text).unwrap();
        assert_eq!((read.unreachable, read.timeout_seconds), (Unreachable::Allow, 3));
        let addresses: Vec<String> = read
            .addresses()
            .unwrap()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(addresses, ["10.42.1.5", "fd00:42::5"]);
        let read = Configuration::read("{}").unwrap();
        assert_eq!(
            (read.unreachable, read.timeout_seconds, read.socket.clone()),
            (Unreachable::Deny, 10, None)
        );
        assert_eq!(read.addresses().unwrap(), Vec::<IpAddr>::new());
        let wrong = Configuration::read(r#"{"prevResult": {"ips": [{"address": "x/24"}]}}"#).unwrap();
        assert!(
            wrong
                .addresses()
                .unwrap_err()
                .to_string()
                .contains("\"x/24\" is not an address")
        );
        let wrong = Configuration::read(r#"{"unreachable": "maybe"}"#)
            .unwrap_err()
            .to_string();
        assert!(wrong.contains("maybe"), "{wrong}");
    }

    #[test]
    fn arguments() {
        let text = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;x";
        assert_eq!(argument(text, "K8S_POD_NAME"), Some("web"));
        assert_eq!(argument(text, "x"), None);
        assert_eq!(argument("", "K8S_POD_NAME"), None);
    }
}
