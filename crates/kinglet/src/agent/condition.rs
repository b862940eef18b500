//! The condition of the Node that says whether its agent is ready.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use kinglet_kube::{Backoff, Collection, Reflector, Reflectors, RequestError, Resource};
use kinglet_model::{Node, ObjectName};
use kinglet_telemetry::{Part, Readiness};
use serde_json::{Value, json};
use tokio::time::{sleep, timeout};
use tracing::{debug, warn};

/// Type of the condition.
const TYPE: &str = "kinglet.dev/AgentReady";
/// How often readiness is looked at.
const PERIOD: Duration = Duration::from_secs(2);
/// How long an agent that starts may take before it counts as not ready: a start is no change.
const START: Duration = Duration::from_secs(30);

/// What the condition says.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    status: &'static str,
    reason: &'static str,
    message: String,
}

impl Statement {
    fn of(parts: &[Part]) -> Self {
        let problem = |part: &Part| Some(format!("{}: {}", part.name, part.problem.as_ref()?));
        let problems: Vec<String> = parts.iter().filter_map(problem).collect();
        if problems.is_empty() {
            return Self {
                status: "True",
                reason: "AgentReady",
                message: "all parts of the agent are ready".to_owned(),
            };
        }
        Self {
            status: "False",
            reason: "AgentNotReady",
            message: problems.join("; "),
        }
    }

    /// A strategic merge patch: conditions of others stay, and so does the time of the last transition if
    /// there is none.
    fn patch(&self, is_transition: bool) -> Value {
        let now = Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        let mut condition = json!({
            "type": TYPE, "status": self.status, "reason": self.reason, "message": self.message,
            "lastHeartbeatTime": now,
        });
        if is_transition {
            condition["lastTransitionTime"] = now.into();
        }
        json!({"status": {"conditions": [condition]}})
    }
}

/// What was written last.
struct Written {
    statement: Statement,
    /// The Node's revision, as it was known before.
    after: Arc<str>,
}

/// Whether the Node does not say what it should.
fn is_due(node: &Node, statement: &Statement, written: Option<&Written>) -> bool {
    let same = status(node) == Some(statement.status);
    match written {
        // Reason and message of an earlier run are not known, and matter when something is wrong.
        None => !same || statement.status != "True",
        Some(written) if written.statement != *statement => true,
        // What is known of the Node can be older than the write, for long while its watch is silent.
        Some(written) => !same && *written.after != *node.metadata.resource_version,
    }
}

fn status(node: &Node) -> Option<&str> {
    let own = node.conditions.iter().find(|one| &*one.kind == TYPE);
    own.map(|condition| &*condition.status)
}

/// Writes the condition of a node, when it changes.
pub(super) struct ConditionWriter {
    nodes: Collection,
    known: Reflector<Node>,
    node: ObjectName,
    readiness: Readiness,
    written: Option<Written>,
}

impl ConditionWriter {
    pub(super) fn new(reflectors: &Reflectors, node: &str, readiness: Readiness) -> Self {
        Self {
            nodes: Collection::new(reflectors.client().clone(), Resource::of::<Node>()),
            known: reflectors.of(),
            node: ObjectName::cluster(node),
            readiness,
            written: None,
        }
    }

    /// Writes for ever.
    pub(super) async fn run(mut self) {
        // Whether it is ready by then is looked at next.
        let _ = timeout(START, self.readiness.ready()).await;
        let (mut backoff, mut is_failing) = (Backoff::new(), false);
        loop {
            let result = self.write().await;
            let pause = match &result {
                Ok(()) => {
                    backoff.reset();
                    PERIOD
                }
                Err(error) => {
                    report(error, is_failing);
                    backoff.pause().max(PERIOD)
                }
            };
            is_failing = result.is_err();
            sleep(pause).await;
        }
    }

    async fn write(&mut self) -> Result<(), RequestError> {
        // A Node that is not registered yet has no conditions.
        let Some(node) = self.known.get(&self.node) else {
            return Ok(());
        };
        let statement = Statement::of(&self.readiness.parts());
        if !is_due(&node, &statement, self.written.as_ref()) {
            return Ok(());
        }
        let patch = statement.patch(status(&node) != Some(statement.status));
        match self.nodes.strategic_part(&self.node, "status", &patch).await {
            Err(error) if !error.is_not_found() => return Err(error),
            _ => {}
        }
        self.written = Some(Written {
            statement,
            after: node.metadata.resource_version.clone(),
        });
        Ok(())
    }
}

/// A failure is a warning once, until something succeeds.
fn report(error: &RequestError, is_known: bool) {
    if is_known {
        debug!(%error, "cannot write the condition {TYPE} of this Node");
    } else {
        warn!(%error, "cannot write the condition {TYPE} of this Node; trying again");
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use kinglet_model::NodeCondition;
    use kinglet_test_support::api::{Api, Server, Writes};
    use tokio_util::sync::CancellationToken;

    use super::*;

    fn node(version: &str, status: Option<&str>) -> Node {
        let mut node = Node::default();
        node.metadata.resource_version = version.into();
        node.conditions = status
            .map(|status| NodeCondition {
                kind: TYPE.into(),
                status: status.into(),
            })
            .into_iter()
            .collect();
        node
    }

    fn statement(problem: Option<&'static str>) -> Statement {
        let part = |name, problem| Part { name, problem };
        Statement::of(&[
            part("services", None),
            part("watches", problem.map(Cow::Borrowed)),
        ])
    }

    #[test]
    fn problems_are_named_with_their_part() {
        assert_eq!(statement(None).status, "True");
        let silent = statement(Some("nothing heard"));
        assert_eq!(
            (silent.status, &*silent.message),
            ("False", "watches: nothing heard")
        );
        let patch = silent.patch(false);
        let condition = &patch["status"]["conditions"][0];
        assert_eq!(condition["type"], TYPE);
        assert_eq!(condition["lastTransitionTime"], Value::Null);
        assert_ne!(
            silent.patch(true)["status"]["conditions"][0]["lastTransitionTime"],
            Value::Null
        );
    }

    #[test]
    fn a_restart_writes_only_what_differs() {
        let (good, bad) = (statement(None), statement(Some("nothing heard")));
        assert!(is_due(&node("1", None), &good, None));
        assert!(!is_due(&node("1", Some("True")), &good, None));
        assert!(is_due(&node("1", Some("False")), &good, None));
        assert!(
            is_due(&node("1", Some("False")), &bad, None),
            "its message is old"
        );
    }

    #[test]
    fn a_silent_watch_does_not_make_it_write_again() {
        let (good, bad) = (statement(None), statement(Some("nothing heard")));
        let written = Written {
            statement: bad.clone(),
            after: "7".into(),
        };
        let due = |node, statement| is_due(&node, statement, Some(&written));
        assert!(!due(node("7", Some("True")), &bad), "the Node of before");
        assert!(!due(node("8", Some("False")), &bad));
        assert!(due(node("9", Some("True")), &bad), "somebody has changed it");
        assert!(due(node("9", None), &bad), "somebody has removed it");
        assert!(due(node("8", Some("False")), &good));
        assert!(due(node("8", Some("False")), &statement(Some("another"))));
    }

    async fn condition(api: &Api, status: &str) -> Value {
        let own = |node: &Value| {
            let mut all = node["status"]["conditions"].as_array().into_iter().flatten();
            all.find(|one| one["type"] == TYPE).cloned().unwrap_or_default()
        };
        let node = api
            .until("/api/v1/nodes/n1", |node| own(node)["status"] == status)
            .await;
        let mut kinds = node["status"]["conditions"].as_array().into_iter().flatten();
        assert!(kinds.any(|one| one["type"] == "Ready"), "others stay: {node}");
        own(&node)
    }

    #[tokio::test]
    async fn the_node_says_what_is_wrong_and_when_it_is_not_any_more() {
        let (server, writes, stop) = (Server::start(), Writes::default(), CancellationToken::new());
        let api = server.api();
        let node = json!({"metadata": {"name": "n1"}, "status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        api.post("/api/v1/nodes", node).await;
        let reflectors = Reflectors::new(writes.of(server.client()), stop.clone());
        let readiness = Readiness::default();
        let gate = readiness.gate("services");
        gate.open();
        let writer = ConditionWriter::new(&reflectors, "n1", readiness);
        tokio::spawn(async move { stop.run_until_cancelled(writer.run()).await });
        let good = condition(&api, "True").await;
        assert_eq!(good["reason"], "AgentReady");
        gate.set(false);
        let bad = condition(&api, "False").await;
        assert_eq!(bad["message"], "services: not ready");
        // Somebody removes it.
        let ready = json!({"status": {"conditions": [{"type": "Ready", "status": "True"}]}});
        api.patch("/api/v1/nodes/n1/status", ready).await;
        condition(&api, "False").await;
        gate.open();
        condition(&api, "True").await;
        let written = writes.matching(|text| text == "PATCH /api/v1/nodes/n1/status");
        assert_eq!(written.len(), 4, "{written:?}");
    }
}
