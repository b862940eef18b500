//! The plugin with an agent, without one, and with one that cannot.

#![allow(clippy::unwrap_used, reason = "tests")]

use std::path::Path;
use std::sync::{Arc, Mutex};

use kinglet_cni::{Command, Failure, Handler, Listener, Request, run};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

/// Notes what it is told; refuses pods of the name `bad`.
#[derive(Default)]
struct Agent(Mutex<Vec<Request>>);

#[derive(Debug, thiserror::Error)]
#[error("no policies for it")]
struct Refused;

impl Handler for Agent {
    type Error = Refused;

    async fn handle(&self, request: Request) -> Result<(), Refused> {
        let refused = request.name == "bad";
        self.0.lock().unwrap().push(request);
        if refused { Err(Refused) } else { Ok(()) }
    }
}

fn configuration(socket: &Path) -> Value {
    let result = json!({"cniVersion": "1.0.0", "ips": [{"address": "10.42.1.5/24"}], "dns": {"x": 1}});
    json!({"cniVersion": "1.0.0", "name": "cbr0", "type": "kinglet", "socket": socket, "timeoutSeconds": 1, "prevResult": result})
}

fn call(command: &str, pod: &str, configuration: &Value) -> Result<String, Failure> {
    let variable = |name: &str| match name {
        "CNI_COMMAND" => Some(command.to_owned()),
        "CNI_ARGS" => Some(format!(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={pod};K8S_POD_UID=u-1"
        )),
        _ => None,
    };
    run(variable, &configuration.to_string())
}

fn code(result: Result<String, Failure>) -> (u64, String) {
    let printed = result.unwrap_err().to_json();
    (
        printed["code"].as_u64().unwrap(),
        printed["msg"].as_str().unwrap().to_owned(),
    )
}

#[test]
fn a_pod_waits_for_the_agent() {
    let directory = tempfile::tempdir().unwrap();
    let socket = directory.path().join("deep").join("agent.sock");
    let configuration = configuration(&socket);

    // Without an agent: again later, unless that is allowed. A pod can always go.
    let (number, message) = code(call("ADD", "web", &configuration));
    assert_eq!(number, 11);
    assert!(message.contains("agent.sock"), "{message}");
    assert_eq!(code(call("STATUS", "", &configuration)).0, 50);
    assert_eq!(call("DEL", "web", &configuration).unwrap(), "");
    let mut lenient = configuration.clone();
    lenient["unreachable"] = "allow".into();
    assert!(call("ADD", "web", &lenient).is_ok() && call("STATUS", "", &lenient).is_ok());

    let runtime = tokio::runtime::Runtime::new().unwrap();
    let (agent, stop) = (Arc::new(Agent::default()), CancellationToken::new());
    let listener = runtime.block_on(async { Listener::bind(&socket) }).unwrap();
    let serving = runtime.spawn(listener.serve(agent.clone(), stop.clone()));
    // The result of the plugins before is passed on as it is.
    let printed: Value = serde_json::from_str(&call("ADD", "web", &configuration).unwrap()).unwrap();
    assert_eq!(printed, configuration["prevResult"]);
    let (number, message) = code(call("ADD", "bad", &configuration));
    assert_eq!((number, message.as_str()), (11, "no policies for it"));
    assert_eq!(call("STATUS", "", &configuration).unwrap(), "");
    assert_eq!(call("DEL", "web", &configuration).unwrap(), "");
    let told: Vec<_> = agent
        .0
        .lock()
        .unwrap()
        .iter()
        .map(|one| (one.command, one.name.clone()))
        .collect();
    let expected = [
        (Command::Add, "web"),
        (Command::Add, "bad"),
        (Command::Status, ""),
        (Command::Del, "web"),
    ];
    assert_eq!(told, expected.map(|(command, name)| (command, name.to_owned())));
    let first = agent.0.lock().unwrap()[0].clone();
    assert_eq!((first.namespace.as_str(), first.uid.as_str()), ("default", "u-1"));
    assert_eq!(
        first.addresses,
        ["10.42.1.5".parse::<std::net::IpAddr>().unwrap()]
    );

    // Two agents do not share a socket; a dead one's is taken.
    let second = runtime.block_on(async { Listener::bind(&socket) });
    assert_eq!(second.unwrap_err().kind(), std::io::ErrorKind::AddrInUse);
    stop.cancel();
    runtime.block_on(serving).unwrap();
    assert!(!socket.exists());
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert!(socket.exists());
    assert!(runtime.block_on(async { Listener::bind(&socket) }).is_ok());
}

#[test]
fn what_is_not_as_specified_is_told() {
    let configuration = configuration(Path::new("/does/not/exist"));
    let mut old = configuration.clone();
    old["cniVersion"] = "0.2.0".into();
    let mut first = configuration.clone();
    first.as_object_mut().unwrap().remove("prevResult");
    for (command, configuration, number, part) in [
        ("ADD", &old, 1, "\"0.2.0\""),
        ("PLAY", &configuration, 4, "\"PLAY\""),
        ("ADD", &json!([]), 6, "network configuration"),
        ("ADD", &first, 7, "prevResult"),
    ] {
        let (code, message) = code(call(command, "web", configuration));
        assert_eq!(code, number, "{message}");
        assert!(message.contains(part), "{message}");
    }
    let nobody = run(
        |name| (name == "CNI_COMMAND").then(|| "ADD".to_owned()),
        &configuration.to_string(),
    );
    assert_eq!(code(nobody).0, 4);
    let version: Value = serde_json::from_str(&call("VERSION", "", &json!({})).unwrap()).unwrap();
    assert!(
        version["supportedVersions"]
            .as_array()
            .unwrap()
            .contains(&json!("1.0.0"))
    );
}
