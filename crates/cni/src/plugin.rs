//! The plugin: what a container runtime calls.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::SOCKET;
use crate::configuration::{Configuration, Unreachable, argument};
use crate::protocol::{Command, Reply, Request};

/// Versions of the specification in which results are passed on as they are.
const VERSIONS: [&str; 5] = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"];

/// Why the plugin failed: what it prints, and its number in the specification.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Failure {
    code: u32,
    message: String,
}

impl Failure {
    fn new(code: u32, message: impl Into<String>) -> Self {
        let message = message.into();
        Self { code, message }
    }

    fn version(message: String) -> Self {
        Self::new(1, message)
    }

    fn environment(message: impl Into<String>) -> Self {
        Self::new(4, message)
    }

    pub(crate) fn decode(message: String) -> Self {
        Self::new(6, message)
    }

    pub(crate) fn configuration(message: String) -> Self {
        Self::new(7, message)
    }

    /// The runtime is to try again later.
    fn later(message: String) -> Self {
        Self::new(11, message)
    }

    /// Pods cannot be added at the moment.
    fn unavailable(message: String) -> Self {
        Self::new(50, message)
    }

    /// What the plugin prints.
    pub fn to_json(&self) -> Value {
        json!({"cniVersion": VERSIONS[3], "code": self.code, "msg": self.message})
    }
}

/// Does what `CNI_COMMAND` says, with the environment that `variable` gives and the text of the standard
/// input. Returns what is to be printed.
///
/// # Errors
/// An environment or configuration that is not as specified; an agent that does not answer, or cannot do it.
pub fn run(variable: impl Fn(&str) -> Option<String>, input: &str) -> Result<String, Failure> {
    let get = |name: &str| variable(name).unwrap_or_default();
    let command = get("CNI_COMMAND");
    if command == "VERSION" {
        let printed = json!({"cniVersion": VERSIONS[4], "supportedVersions": VERSIONS});
        return Ok(printed.to_string());
    }
    let configuration = Configuration::read(input)?;
    if !VERSIONS.contains(&configuration.cni_version.as_str()) {
        let version = &configuration.cni_version;
        return Err(Failure::version(format!(
            "cniVersion {version:?}: {VERSIONS:?} are accepted"
        )));
    }
    let arguments = get("CNI_ARGS");
    match command.as_str() {
        "ADD" => add(&configuration, &arguments),
        "DEL" => Ok(delete(&configuration, &arguments)),
        "STATUS" => status(&configuration),
        // What was added stays, and is kept up to date by the agent.
        "CHECK" | "GC" => Ok(String::new()),
        other => Err(Failure::environment(format!(
            "CNI_COMMAND {other:?}: ADD, DEL, CHECK, GC, STATUS or VERSION is accepted"
        ))),
    }
}

/// Waits until the agent is ready for the pod, and passes the result of the plugins before this one on.
fn add(configuration: &Configuration, arguments: &str) -> Result<String, Failure> {
    let Some(result) = &configuration.prev_result else {
        return Err(Failure::configuration(
            "prevResult is missing: this plugin comes after one that gives addresses".to_owned(),
        ));
    };
    let request = request(Command::Add, configuration.addresses()?, arguments)?;
    match ask(configuration, &request) {
        Ok(Reply { error: None }) => {}
        Ok(Reply { error: Some(error) }) => return Err(Failure::later(error)),
        Err(_) if configuration.unreachable == Unreachable::Allow => {}
        Err(error) => return Err(Failure::later(error)),
    }
    Ok(result.to_string())
}

/// Tells the agent, if it is there: a pod can always go.
fn delete(configuration: &Configuration, arguments: &str) -> String {
    let addresses = configuration.addresses().unwrap_or_default();
    if let Ok(request) = request(Command::Del, addresses, arguments) {
        // An agent that does not hear it learns it from the API.
        let _ = ask(configuration, &request);
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
    match ask(configuration, &request) {
        Ok(Reply { error: None }) => Ok(String::new()),
        Ok(Reply { error: Some(error) }) => Err(Failure::unavailable(error)),
        Err(_) if configuration.unreachable == Unreachable::Allow => Ok(String::new()),
        Err(error) => Err(Failure::unavailable(error)),
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

/// Sends a line and waits for one.
fn ask(configuration: &Configuration, request: &Request) -> Result<Reply, String> {
    let socket = configuration.socket.as_deref().unwrap_or(Path::new(SOCKET));
    let failed =
        |error: &dyn std::fmt::Display| format!("the agent of this node ({}): {error}", socket.display());
    let exchange = || -> std::io::Result<Reply> {
        let mut stream = UnixStream::connect(socket)?;
        stream.set_read_timeout(Some(Duration::from_secs(configuration.timeout_seconds.max(1))))?;
        let line = serde_json::to_string(request)? + "\n";
        stream.write_all(line.as_bytes())?;
        let mut answer = String::new();
        BufReader::new(stream).read_line(&mut answer)?;
        Ok(serde_json::from_str(&answer)?)
    };
    exchange().map_err(|error| match error.kind() {
        std::io::ErrorKind::WouldBlock => failed(&"no answer in time"),
        _ => failed(&error),
    })
}
