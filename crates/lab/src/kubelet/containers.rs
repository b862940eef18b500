//! The order in which a pod's containers run: init containers one after the other, sidecars from their place
//! on, then all others.

use tokio::task::JoinSet;

use super::container::{Runner, Stop};
use super::context::PodContext;
use super::spec::{Container, RestartPolicy};
use super::state::Which;

/// Runs all containers until all have ended for good, or were asked to.
pub(crate) async fn run(context: PodContext, stop: Stop) {
    let mut sidecars = Vec::new();
    if initialize(&context, &stop, &mut sidecars).await {
        context.state.change(|state| state.initialized = true);
        run_main(&context, &stop).await;
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
async fn initialize(context: &PodContext, stop: &Stop, sidecars: &mut Vec<Sidecar>) -> bool {
    for (index, spec) in context.pod.spec.init_containers.iter().enumerate() {
        let which = Which::Init(index);
        if spec.is_sidecar() {
            let own = stop.apart();
            let task = tokio::spawn(runner(context, which, spec, RestartPolicy::Always, &own).run());
            sidecars.push(Sidecar { stop: own, task });
            let started = context.state.wait(|state| {
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
            runner(context, which, spec, init_policy(context), stop)
                .run()
                .await;
            let state = context.state.container(which);
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
fn init_policy(context: &PodContext) -> RestartPolicy {
    match context.pod.spec.restart_policy {
        RestartPolicy::Never => RestartPolicy::Never,
        _ => RestartPolicy::OnFailure,
    }
}

async fn run_main(context: &PodContext, stop: &Stop) {
    let policy = context.pod.spec.restart_policy;
    let mut all = JoinSet::new();
    for (index, spec) in context.pod.spec.containers.iter().enumerate() {
        all.spawn(runner(context, Which::Main(index), spec, policy, stop).run());
    }
    while all.join_next().await.is_some() {}
}

fn runner(
    context: &PodContext,
    which: Which,
    spec: &Container,
    policy: RestartPolicy,
    stop: &Stop,
) -> Runner {
    Runner {
        context: context.clone(),
        which,
        spec: spec.clone(),
        policy,
        stop: stop.clone(),
    }
}
