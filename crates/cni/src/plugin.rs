//! The plugin: what a container runtime calls.

use std::path::Path;
use std::time::Duration;

use serde_json::json;

use crate::ask::{AskError, ask};
use crate::configuration::{Configuration, Unreachable, argument};
use crate::failure::Failure;
use crate::protocol::{Command, Request, SOCKET};
use crate::version;

/// Does what `CNI_COMMAND` says, with the environment that `variable` gives and the text of the standard
/// input. Returns what is to be printed.
///
/// # Errors
/// An environment or configuration that is not as specified; an agent that does not answer, or cannot do it.
pub fn run(variable: impl Fn(&str) -> Option<String>, input: &str) -> Result<String, Failure> {
    let get = |name: &str| variable(name).unwrap_or_default();
    let command = get("CNI_COMMAND");
    if command == "VERSION" {
        let printed = json!({"cniVersion": version::NEWEST, "supportedVersions": version::SUPPORTED});
        return Ok(printed.to_string());
    }
    let configuration = Configuration::read(input)?;
    if !version::SUPPORTED.contains(&configuration.cni_version.as_str()) {
        let (found, supported) = (&configuration.cni_version, version::SUPPORTED);
        return Err(Failure::version(format!(
            "cniVersion {found:?}: {supported:?} are accepted"
        )));
    }
    let arguments = get("CNI_ARGS");
    match command.as_str() {
        "ADD" => add(&configuration, &arguments),
        "DEL" => Ok(delete(&configuration, &arguments)),
        "STATUS" => status(&configuration),
        // CHECK and GC have nothing to look after: the plugin itself changes nothing of the network.
        "CHECK" | "GC" => Ok(String::new()),
        other => Err(Failure::environment(format!(
            "CNI_COMMAND {other:?}: ADD, DEL, CHECK, GC, STATUS or VERSION is accepted"
        ))),
    }
}

/// Waits until the agent is ready for the pod, and passes on the result of the plugins before this one.
fn add(configuration: &Configuration, arguments: &str) -> Result<String, Failure> {
    let Some(result) = &configuration.prev_result else {
        return Err(Failure::configuration(
            "prevResult is missing: this plugin comes after one that gives addresses".to_owned(),
        ));
    };
    let request = request(Command::Add, configuration.addresses()?, arguments)?;
    match ask_agent(configuration, &request) {
        Err(error) if !is_allowed(configuration, &error) => Err(Failure::later(error.to_string())),
        _ => Ok(result.to_string()),
    }
}

/// Tells the agent, if it is there. A DEL must succeed in any case (specification, section 2), or the kubelet
/// could never remove the pod.
fn delete(configuration: &Configuration, arguments: &str) -> String {
    let addresses = configuration.addresses().unwrap_or_default();
    if let Ok(request) = request(Command::Del, addresses, arguments) {
        // An agent that does not hear it learns it from the API.
        let _ = ask_agent(configuration, &request);
    }
    String::new()
}

fn status(configuration: &Configuration) -> Result<String, Failure> {
    let request = Request {
        command: Command::Status,
        namespace: String::new(),
        name: String::new(),
        uid: String::new(),
        addresses: Vec::new(),
    };
    match ask_agent(configuration, &request) {
        Err(error) if !is_allowed(configuration, &error) => Err(Failure::unavailable(error.to_string())),
        _ => Ok(String::new()),
    }
}

fn request(command: Command, addresses: Vec<std::net::IpAddr>, arguments: &str) -> Result<Request, Failure> {
    let get = |name: &str| {
        let missing = || {
            Failure::environment(format!(
                "CNI_ARGS has no {name}: this plugin is for pods of Kubernetes"
            ))
        };
        argument(arguments, name).map(str::to_owned).ok_or_else(missing)
    };
    Ok(Request {
        command,
        namespace: get("K8S_POD_NAMESPACE")?,
        name: get("K8S_POD_NAME")?,
        uid: argument(arguments, "K8S_POD_UID").unwrap_or_default().to_owned(),
        addresses,
    })
}

/// Asks the agent that the configuration names.
fn ask_agent(configuration: &Configuration, request: &Request) -> Result<(), AskError> {
    let socket = configuration.socket.as_deref().unwrap_or(Path::new(SOCKET));
    // A time-out of zero is refused by the kernel.
    let patience = Duration::from_secs(configuration.timeout_seconds.max(1));
    ask(socket, patience, request)
}

/// Whether a pod may start although the agent has not agreed: only if the agent cannot be asked, never if it
/// has refused.
fn is_allowed(configuration: &Configuration, error: &AskError) -> bool {
    configuration.unreachable == Unreachable::Allow && !matches!(error, AskError::Refused(_))
}
