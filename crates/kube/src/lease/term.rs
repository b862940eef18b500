//! Work that runs while a Lease is kept.

use kube::Client;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use super::Election;
use super::candidate::Candidate;
use super::record::LeaseKind;
use crate::{ObjectReference, Recorder, Report, Resource, Severity};

/// How a term ended.
enum End {
    /// The work is done, or the process ends.
    Finished,
    /// The Lease is lost, or could not be renewed in time.
    Lost,
}

/// Runs `work` whenever, and only while, this candidate leads; returns when `stop` is cancelled or the work
/// is done, and then releases the Lease.
///
/// A candidate that loses the Lease drops the future of `work`, cancels the token that it was given (for
/// tasks that it spawned), and stands for election again. An API server that is away or refuses is asked
/// again for ever.
///
/// Each election and each loss is reported as an Event `LeaderElection` of the Lease.
pub async fn lead<W, F>(
    client: Client,
    election: Election,
    recorder: &Recorder,
    stop: &CancellationToken,
    mut work: W,
) where
    W: FnMut(CancellationToken) -> F,
    F: Future<Output = ()>,
{
    let mut candidate = Candidate::new(client, election);
    info!(lease = %candidate.election().lease, identity = candidate.election().identity(), "standing for election");
    loop {
        let Some(elected) = stop.run_until_cancelled(candidate.acquire()).await else {
            return;
        };
        report(&candidate, recorder, "became leader");
        let token = stop.child_token();
        let end = term(&mut candidate, elected, stop, work(token.clone())).await;
        token.cancel();
        report(&candidate, recorder, "stopped leading");
        if matches!(end, End::Finished) {
            candidate.release().await;
            return;
        }
        warn!(lease = %candidate.election().lease, "leadership lost; standing for election again");
    }
}

/// Runs the work of one term.
async fn term(
    candidate: &mut Candidate,
    elected: Instant,
    stop: &CancellationToken,
    work: impl Future<Output = ()>,
) -> End {
    tokio::select! {
        // The order matters: a process that was stopped for a while (SIGSTOP, a suspended machine) finds the
        // deadline past before its work writes anything.
        biased;
        () = stop.cancelled() => End::Finished,
        () = candidate.keep(elected) => End::Lost,
        () = work => End::Finished,
    }
}

fn report(candidate: &Candidate, recorder: &Recorder, what: &str) {
    let election = candidate.election();
    let note = format!("{} {what}", election.identity());
    info!(lease = %election.lease, "{note}");
    recorder.report(Report {
        regarding: ObjectReference {
            api_version: Resource::of::<LeaseKind>().api_version(),
            kind: "Lease".to_owned(),
            name: election.lease.clone(),
            uid: candidate.uid().to_owned(),
        },
        severity: Severity::Normal,
        reason: "LeaderElection",
        action: "LeaderElection",
        note,
    });
}
