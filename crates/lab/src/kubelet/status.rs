//! From a pod's state to `status`, as a kubelet writes it. Pure.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::spec::{Pod, RestartPolicy};
use super::state::{ContainerState, Ended, Phase, PodState};

/// `status` of a pod; `hosts` are the node's addresses.
pub(crate) fn status(pod: &Pod, state: &PodState, hosts: &[IpAddr]) -> Value {
    let phase = phase(pod, state);
    let mut status = json!({
        "phase": phase,
        "conditions": conditions(pod, state, phase),
        "hostIP": hosts.first(),
        "hostIPs": ips(hosts),
        "startTime": seconds(state.started),
        "containerStatuses": statuses(&state.containers, &pod.metadata.uid),
    });
    if !state.addresses.is_empty() {
        status["podIP"] = json!(state.addresses.first());
        status["podIPs"] = ips(&state.addresses);
    }
    if !state.init_containers.is_empty() {
        status["initContainerStatuses"] = statuses(&state.init_containers, &pod.metadata.uid);
    }
    status
}

fn ips(addresses: &[IpAddr]) -> Value {
    addresses.iter().map(|address| json!({"ip": address})).collect()
}

/// API times have no fractions.
fn seconds(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// `status.phase`: Pending until everything has run once; final only when nothing will run again.
pub(crate) fn phase(pod: &Pod, state: &PodState) -> &'static str {
    let policy = pod.spec.restart_policy;
    if let Some(failed) = failed_init(pod, state) {
        return failed;
    }
    if !state.initialized || !state.containers.iter().all(has_run) {
        return "Pending";
    }
    let ended: Vec<&Ended> = state
        .containers
        .iter()
        .filter_map(ContainerState::ended)
        .collect();
    if ended.len() < state.containers.len() || policy == RestartPolicy::Always {
        return "Running";
    }
    match (ended.iter().all(|ended| ended.code == 0), policy) {
        (true, _) => "Succeeded",
        (false, RestartPolicy::Never) => "Failed",
        // It will be started again.
        (false, _) => "Running",
    }
}

fn failed_init(pod: &Pod, state: &PodState) -> Option<&'static str> {
    let failed = state
        .init_containers
        .iter()
        .any(|container| container.ended().is_some_and(|ended| ended.code != 0));
    (pod.spec.restart_policy == RestartPolicy::Never && !state.initialized && failed).then_some("Failed")
}

fn has_run(container: &ContainerState) -> bool {
    container.last.is_some() || !matches!(container.phase, Phase::Waiting { .. })
}

fn conditions(pod: &Pod, state: &PodState, phase: &str) -> Value {
    let unready: Vec<&str> = state
        .containers
        .iter()
        .filter(|container| !container.ready)
        .map(|container| container.name.as_str())
        .collect();
    let mut reason = ("", String::new());
    if phase == "Succeeded" {
        reason = ("PodCompleted", String::new());
    } else if phase == "Failed" {
        reason = ("PodFailed", String::new());
    } else if !unready.is_empty() {
        let message = format!("containers with unready status: [{}]", unready.join(" "));
        reason = ("ContainersNotReady", message);
    }
    let initialized = if state.initialized {
        ("", String::new())
    } else {
        let incomplete: Vec<&str> = incomplete(pod, state).collect();
        let message = format!("containers with incomplete status: [{}]", incomplete.join(" "));
        ("ContainersNotInitialized", message)
    };
    let ready = unready.is_empty();
    let sandbox = !state.addresses.is_empty();
    json!([
        condition("PodReadyToStartContainers", sandbox, &("", String::new())),
        condition("Initialized", state.initialized, &initialized),
        condition("Ready", ready && state.initialized, &reason),
        condition("ContainersReady", ready && state.initialized, &reason),
        condition("PodScheduled", true, &("", String::new())),
    ])
}

fn incomplete<'a>(pod: &'a Pod, state: &'a PodState) -> impl Iterator<Item = &'a str> {
    let pairs = pod.spec.init_containers.iter().zip(&state.init_containers);
    pairs
        .filter(|(spec, state)| {
            let done = if spec.is_sidecar() {
                state.started
            } else {
                state.ended().is_some_and(|ended| ended.code == 0)
            };
            !done
        })
        .map(|(spec, _)| spec.name.as_str())
}

fn condition(kind: &str, holds: bool, (reason, message): &(&str, String)) -> Value {
    let mut condition = json!({"type": kind, "status": if holds { "True" } else { "False" }});
    if !reason.is_empty() {
        condition["reason"] = (*reason).into();
    }
    if !message.is_empty() {
        condition["message"] = message.as_str().into();
    }
    condition
}

/// Keeps the time at which each condition last changed: that of the old status where nothing did, `now`
/// elsewhere.
pub(crate) fn stamp_conditions(status: &mut Value, old: &Value, now: Timestamp) {
    let before = old["conditions"].as_array().cloned().unwrap_or_default();
    for condition in status["conditions"].as_array_mut().into_iter().flatten() {
        let same = before
            .iter()
            .find(|old| old["type"] == condition["type"] && old["status"] == condition["status"]);
        condition["lastTransitionTime"] = match same.map(|old| &old["lastTransitionTime"]) {
            Some(time) if !time.is_null() => time.clone(),
            _ => seconds(now).into(),
        };
    }
}

fn statuses(containers: &[ContainerState], uid: &str) -> Value {
    containers
        .iter()
        .map(|container| container_status(container, uid))
        .collect()
}

fn container_status(container: &ContainerState, uid: &str) -> Value {
    let id = format!("lab://{uid}/{}/{}", container.name, container.restarts);
    json!({
        "name": container.name,
        "image": container.image,
        "imageID": "",
        "containerID": if has_run(container) { id } else { String::new() },
        "restartCount": container.restarts,
        "ready": container.ready,
        "started": container.started,
        "state": phase_value(&container.phase),
        "lastState": container.last.as_ref().map_or_else(|| json!({}), |last| json!({"terminated": ended(last)})),
    })
}

fn phase_value(phase: &Phase) -> Value {
    match phase {
        Phase::Waiting { reason, message } => {
            let mut waiting = json!({"reason": reason});
            if !message.is_empty() {
                waiting["message"] = message.as_str().into();
            }
            json!({ "waiting": waiting })
        }
        Phase::Running { since } => json!({"running": {"startedAt": seconds(*since)}}),
        Phase::Terminated(how) => json!({"terminated": ended(how)}),
    }
}

fn ended(how: &Ended) -> Value {
    let mut value = json!({
        "exitCode": how.code,
        "reason": how.reason,
        "finishedAt": seconds(how.finished),
    });
    if let Some(signal) = how.signal {
        value["signal"] = signal.into();
    }
    if !how.message.is_empty() {
        value["message"] = how.message.as_str().into();
    }
    if let Some(started) = how.started {
        value["startedAt"] = seconds(started).into();
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(policy: RestartPolicy) -> Pod {
        let mut pod = Pod::default();
        pod.spec.restart_policy = policy;
        pod
    }

    fn container(phase: Phase) -> ContainerState {
        ContainerState {
            phase,
            ..ContainerState::new("app", "web:1")
        }
    }

    fn running() -> Phase {
        Phase::Running {
            since: Timestamp::UNIX_EPOCH,
        }
    }

    fn waiting() -> Phase {
        ContainerState::new("", "").phase
    }

    fn ended(code: i32) -> Phase {
        Phase::Terminated(Ended {
            code,
            signal: None,
            reason: "Error",
            message: String::new(),
            started: None,
            finished: Timestamp::UNIX_EPOCH,
        })
    }

    fn state(phases: Vec<Phase>) -> PodState {
        PodState {
            addresses: vec![IpAddr::from([10, 42, 1, 2])],
            started: Timestamp::UNIX_EPOCH,
            initialized: true,
            init_containers: Vec::new(),
            containers: phases.into_iter().map(container).collect(),
        }
    }

    #[test]
    fn phases() {
        use RestartPolicy::{Always, Never, OnFailure};
        for (policy, phases, expected) in [
            (Always, vec![running(), waiting()], "Pending"),
            (Always, vec![running(), running()], "Running"),
            (Always, vec![ended(1)], "Running"),
            (Always, vec![ended(0)], "Running"),
            (OnFailure, vec![ended(1)], "Running"),
            (OnFailure, vec![ended(0), running()], "Running"),
            (OnFailure, vec![ended(0), ended(0)], "Succeeded"),
            (Never, vec![ended(0), ended(0)], "Succeeded"),
            (Never, vec![ended(0), ended(3)], "Failed"),
            (Never, vec![running(), ended(3)], "Running"),
        ] {
            assert_eq!(
                phase(&pod(policy), &state(phases.clone())),
                expected,
                "{policy:?} {phases:?}"
            );
        }
    }

    #[test]
    fn a_failed_init_container_fails_only_pods_that_never_restart() {
        let mut state = state(vec![waiting()]);
        state.initialized = false;
        state.init_containers = vec![container(ended(1))];
        assert_eq!(phase(&pod(RestartPolicy::Never), &state), "Failed");
        assert_eq!(phase(&pod(RestartPolicy::Always), &state), "Pending");
    }

    #[test]
    fn readiness_names_who_is_not_ready() {
        let pod = pod(RestartPolicy::Always);
        let mut state = state(vec![running()]);
        let status_of = |state: &PodState| status(&pod, state, &[IpAddr::from([172, 30, 0, 11])]);
        let unready = status_of(&state);
        assert_eq!(unready["conditions"][2]["status"], "False");
        assert_eq!(
            unready["conditions"][2]["message"],
            "containers with unready status: [app]"
        );
        state.containers[0].ready = true;
        let ready = status_of(&state);
        assert_eq!(ready["conditions"][2], json!({"type": "Ready", "status": "True"}));
        assert_eq!(ready["podIPs"], json!([{"ip": "10.42.1.2"}]));
        assert_eq!(ready["hostIP"], "172.30.0.11");
    }

    #[test]
    fn transition_times_stay_while_nothing_changes() {
        let old = json!({"conditions": [
            {"type": "Ready", "status": "True", "lastTransitionTime": "2020-01-01T00:00:00Z"},
            {"type": "Initialized", "status": "False", "lastTransitionTime": "2020-01-01T00:00:00Z"},
        ]});
        let mut new = json!({"conditions": [
            {"type": "Ready", "status": "True"}, {"type": "Initialized", "status": "True"},
        ]});
        stamp_conditions(&mut new, &old, Timestamp::UNIX_EPOCH);
        assert_eq!(new["conditions"][0]["lastTransitionTime"], "2020-01-01T00:00:00Z");
        assert_eq!(new["conditions"][1]["lastTransitionTime"], "1970-01-01T00:00:00Z");
    }
}
