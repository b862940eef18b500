//! The agent: its tasks, and the channels between them.

use std::time::Duration;

use kinglet_nft::Ownership;
use kinglet_policy::PolicySettings;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::actor::EnforcerActor;
use crate::admission::AdmissionRequests;
use crate::deadline::Deadline;
use crate::denials::DenialReporter;
use crate::enforcement::Enforcement;
use crate::enforcer::Enforcer;
use crate::error::AgentError;
use crate::events::EventWriter;
use crate::kernel::Kernel;
use crate::monitor::TableMonitor;
use crate::outputs::Outputs;
use crate::reconciler::{Committer, Comparisons, Reconciler};
use crate::revoker::ConnectionRevoker;
use crate::sources::Sources;
use crate::starting::StartedPod;

/// Enforces policies on a node.
pub struct PolicyAgent {
    /// The node's network namespace.
    pub kernel: Kernel,
    /// How policies are enforced.
    pub settings: PolicySettings,
    /// Where objects come from.
    pub sources: Sources,
    /// Requests of the CNI plugin, where it makes any.
    pub admission: Option<AdmissionRequests>,
    /// Pods that an earlier run admitted.
    pub started: Vec<StartedPod>,
    /// What the agent writes to.
    pub outputs: Outputs,
    /// How often the kernel's rules and connections are compared with what they should be, if they are.
    pub comparison_period: Option<Duration>,
    /// Where nothing was heard of a kind for longer than this, what the rules should be is not known, and
    /// comparisons do not count.
    pub max_watch_age: Option<Duration>,
}

impl PolicyAgent {
    /// Enforces policies until `stop` is cancelled, and leaves the rules in place; [`Kernel::remove`] removes
    /// them. Until all objects that were there at the start are known, the rules of an earlier run stay.
    ///
    /// # Errors
    /// The kernel does not say what tables it can own, or does not report changes. Later errors of the kernel
    /// are logged, and answered by new attempts.
    pub async fn run(self, stop: CancellationToken) -> Result<(), AgentError> {
        let Kernel {
            mut tables,
            conntrack,
            monitor,
        } = self.kernel;
        let (outputs, node) = (self.outputs, self.settings.node.clone());
        let ownership = tables.ownership()?;
        // Nobody else can change a table that has an owner.
        let monitor = (ownership == Ownership::Shared).then(|| TableMonitor::new(monitor, tables.port()));
        let enforcer = Enforcer::new(tables, self.settings, ownership, self.started);
        let (actor, commits, queries) = EnforcerActor::new(enforcer);
        let (effects, told) = mpsc::unbounded_channel();
        let metrics = outputs.metrics.clone();
        let revoker = ConnectionRevoker::new(queries.clone(), conntrack, metrics.clone(), told);
        let reporter = DenialReporter::new(queries, metrics.clone(), outputs.denied);
        let reconciler = Reconciler {
            inputs: self.sources.inputs(metrics.lag().clone()),
            unfinished: Vec::new(),
            admission: self.admission,
            monitor: monitor.transpose()?,
            comparisons: Comparisons::every(self.comparison_period),
            sources: self.sources.clone(),
            max_watch_age: self.max_watch_age,
            metrics: metrics.clone(),
            committer: Committer {
                enforcer: commits,
                effects,
                events: EventWriter::new(outputs.recorder, self.sources, node),
                enforcement: Enforcement::new(outputs.enforcing),
                metrics,
                sweep: Deadline::default(),
                is_behind: false,
            },
        };
        // Before `stop` a task ends only because it failed, and the others cannot go on without it.
        tokio::select! {
            ended = actor.run() => ended,
            ended = reconciler.run() => ended,
            ended = revoker.run() => ended,
            ended = reporter.run() => ended,
            () = stop.cancelled() => Ok(()),
        }
    }
}
