//! The order in which a pod's containers run: init containers one after the other, sidecars from their place
//! on, then all others.

use tokio::task::JoinSet;

use super::container::{Runner, Stop};
use super::context::Sandbox;
use super::spec::{Container, RestartPolicy};
use super::state::Which;

/// Runs all containers until all have ended for good, or were asked to.
pub(crate) async fn run(sandbox: Sandbox, stop: Stop) {
    let mut sidecars = Vec::new();
    if initialize(&sandbox, &stop, &mut sidecars).await {
        sandbox.state.change(|state| state.initialized = true);
        run_main(&sandbox, &stop).await;
    }
    // Sidecars end last, in reverse order, so that they serve to the end.
    while let Some(Sidecar { stop, task }) = sidecars.pop() {
        stop.gracefully.cancel();
        // A task that panicked has ended too.
        let _ = task.await;
    }
}

struct Sidecar {
    stop: Stop,
    task: tokio::task::JoinHandle<()>,
}

/// Runs the init containers; `false` when the others shall not start.
async fn initialize(sandbox: &Sandbox, stop: &Stop, sidecars: &mut Vec<Sidecar>) -> bool {
    for (index, spec) in sandbox.pod.spec.init_containers.iter().enumerate() {
        let which = Which::Init(index);
        if spec.is_sidecar() {
            let own = stop.apart();
            let task = tokio::spawn(runner(sandbox, which, spec, RestartPolicy::Always, &own).run());
            sidecars.push(Sidecar { stop: own, task });
            let started = sandbox.state.wait(|state| {
                state
                    .init_containers
                    .get(index)
                    .is_none_or(|container| container.started)
            });
            tokio::select! {
                () = started => {}
                () = stop.gracefully.cancelled() => return false,
                () = stop.now.cancelled() => return false,
            }
        } else {
            runner(sandbox, which, spec, init_policy(sandbox), stop)
                .run()
                .await;
            let state = sandbox.state.container(which);
            let ended = state.and_then(|state| state.ended().map(|ended| ended.code));
            if ended != Some(0) {
                return false;
            }
        }
        if stop.gracefully.is_cancelled() || stop.now.is_cancelled() {
            return false;
        }
    }
    true
}

/// An init container that fails runs again unless the pod never restarts.
fn init_policy(sandbox: &Sandbox) -> RestartPolicy {
    match sandbox.pod.spec.restart_policy {
        RestartPolicy::Never => RestartPolicy::Never,
        _ => RestartPolicy::OnFailure,
    }
}

async fn run_main(sandbox: &Sandbox, stop: &Stop) {
    let policy = sandbox.pod.spec.restart_policy;
    let mut all = JoinSet::new();
    for (index, spec) in sandbox.pod.spec.containers.iter().enumerate() {
        all.spawn(runner(sandbox, Which::Main(index), spec, policy, stop).run());
    }
    while all.join_next().await.is_some() {}
}

fn runner(sandbox: &Sandbox, which: Which, spec: &Container, policy: RestartPolicy, stop: &Stop) -> Runner {
    Runner {
        sandbox: sandbox.clone(),
        which,
        spec: spec.clone(),
        policy,
        stop: stop.clone(),
    }
}
