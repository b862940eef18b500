//! The one-line summary of a Pod: how many containers are ready, what the Pod is doing, how often containers
//! restarted.

use jiff::Timestamp;
use serde_json::Value;

use crate::json::Json;
use crate::table::age;

/// What `kubectl get pods` shows of a Pod.
pub(super) struct Summary<'a> {
    pod: &'a Value,
    total: usize,
    ready: usize,
    pub(super) reason: String,
    restarts: Restarts<'a>,
}

/// Restarts of containers, and when the last one that restarted had ended (RFC 3339, empty for never).
#[derive(Clone, Copy, Default)]
struct Restarts<'a> {
    count: i64,
    last: &'a str,
}

impl<'a> Restarts<'a> {
    fn add(&mut self, status: &'a Value) {
        self.count += status.int("restartCount");
        // Times of the API are all in UTC and of the same form, so that their texts compare like the times.
        self.last = self.last.max(status.text("lastState.terminated.finishedAt"));
    }
}

impl<'a> Summary<'a> {
    pub(super) fn new(pod: &'a Value) -> Self {
        let mut summary = Self {
            pod,
            total: pod.list("spec.containers").len(),
            ready: 0,
            reason: [pod.text("status.reason"), pod.text("status.phase")]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or_default()
                .to_owned(),
            restarts: Restarts::default(),
        };
        let gated =
            |one: &Value| one.text("type") == "PodScheduled" && one.text("reason") == "SchedulingGated";
        if pod.list("status.conditions").iter().any(gated) {
            summary.reason = "SchedulingGated".to_owned();
        }
        let (initializing, sidecars) = summary.init_containers();
        if !initializing || summary.condition("Initialized") {
            summary.restarts = sidecars;
            summary.containers();
        }
        summary.deletion();
        summary
    }

    /// `ready/total`.
    pub(super) fn ready(&self) -> String {
        format!("{}/{}", self.ready, self.total)
    }

    /// Number of restarts, and how long ago the last was.
    pub(super) fn restarts(&self, now: Timestamp) -> String {
        match (self.restarts.count, self.restarts.last) {
            (0, _) => "0".to_owned(),
            (count, "") => count.to_string(),
            (count, last) => format!("{count} ({} ago)", age::since(last, now)),
        }
    }

    fn condition(&self, kind: &str) -> bool {
        self.pod
            .list("status.conditions")
            .iter()
            .any(|one| one.text("type") == kind && one.text("status") == "True")
    }

    /// Reads the init containers up to the first that is not done. Returns whether there is one, and the
    /// restarts of sidecars.
    fn init_containers(&mut self) -> (bool, Restarts<'a>) {
        let pod = self.pod;
        let specs = pod.list("spec.initContainers");
        let sidecar = |name: &str| {
            specs
                .iter()
                .any(|one| one.text("name") == name && one.text("restartPolicy") == "Always")
        };
        self.total += specs
            .iter()
            .filter(|one| one.text("restartPolicy") == "Always")
            .count();
        let mut sidecars = Restarts::default();
        for (index, status) in pod.list("status.initContainerStatuses").iter().enumerate() {
            self.restarts.add(status);
            let is_sidecar = sidecar(status.text("name"));
            if is_sidecar {
                sidecars.add(status);
            }
            let terminated = status.at("state.terminated");
            if !terminated.is_null() && terminated.int("exitCode") == 0 {
                continue;
            }
            if is_sidecar && status.flag("started") {
                self.ready += usize::from(status.flag("ready"));
                continue;
            }
            let waiting = status.text("state.waiting.reason");
            let why = if !terminated.is_null() {
                end_reason(terminated)
            } else if !matches!(waiting, "" | "PodInitializing") {
                waiting.to_owned()
            } else {
                format!("{index}/{}", specs.len())
            };
            self.reason = format!("Init:{why}");
            return (true, sidecars);
        }
        (false, sidecars)
    }

    fn containers(&mut self) {
        let pod = self.pod;
        let mut running = false;
        let mut failure = String::new();
        // The reason of the first container is what shows in the end.
        for status in pod.list("status.containerStatuses").iter().rev() {
            self.restarts.add(status);
            let terminated = status.at("state.terminated");
            let waiting = status.text("state.waiting.reason");
            if !waiting.is_empty() {
                self.reason = waiting.to_owned();
            } else if !terminated.is_null() {
                self.reason = end_reason(terminated);
                if terminated.int("exitCode") != 0 {
                    failure.clone_from(&self.reason);
                }
            } else if status.flag("ready") && status.has("state.running") {
                running = true;
                self.ready += 1;
            }
        }
        if self.reason == "Completed" {
            if running && self.condition("Ready") {
                self.reason = "Running".to_owned();
            } else if !failure.is_empty() {
                self.reason = failure;
            } else if running {
                self.reason = "NotReady".to_owned();
            }
        }
    }

    fn deletion(&mut self) {
        if !self.pod.has("metadata.deletionTimestamp") {
            return;
        }
        if self.pod.text("status.reason") == "NodeLost" {
            self.reason = "Unknown".to_owned();
        } else if !matches!(self.pod.text("status.phase"), "Succeeded" | "Failed") {
            self.reason = "Terminating".to_owned();
        }
    }
}

/// Why a container ended.
fn end_reason(terminated: &Value) -> String {
    match (terminated.text("reason"), terminated.int("signal")) {
        ("", 0) => format!("ExitCode:{}", terminated.int("exitCode")),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// How many readiness gates are open, of how many.
pub(super) fn readiness_gates(pod: &Value) -> Value {
    let gates = pod.list("spec.readinessGates");
    if gates.is_empty() {
        return "<none>".into();
    }
    let open = gates.iter().filter(|gate| {
        pod.list("status.conditions")
            .iter()
            .find(|one| one.text("type") == gate.text("conditionType"))
            .is_some_and(|one| one.text("status") == "True")
    });
    format!("{}/{}", open.count(), gates.len()).into()
}
