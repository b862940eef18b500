//! The controller: waits for permissions, stands for election, and writes Nodes while it leads.

mod nodes;
mod problems;
mod settings;
mod state;
mod write;

use std::sync::Arc;

use kinglet_kube::access::{self, Permission};
use kinglet_kube::{Client, Inputs, Kind, Recorder, Reflectors, control};
use kinglet_model::Node;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use self::nodes::Nodes;
use self::problems::Problems;
pub use self::settings::CloudSettings;
use self::settings::PERMISSIONS;
pub use self::state::CloudState;
use self::state::{Progress, Term};
use self::write::Writer;
use crate::metrics::Metrics;

/// Name of the controller in Events, as in Kubernetes' cloud controller managers.
const COMPONENT: &str = "cloud-node-controller";

/// The kinds that the controller watches.
pub const KINDS: &[Kind] = &[Kind::of::<Node>()];

/// A cloud controller manager: [`CloudController::run`] is its work, the rest is how others look at it.
///
/// ```no_run
/// # use kinglet_cloud::{CloudController, CloudSettings};
/// # fn example(reflectors: kinglet_kube::Reflectors, registry: &mut kinglet_telemetry::Registry) {
/// let cloud = CloudController::new(CloudSettings::new("host-1"));
/// cloud.metrics().register(registry);
/// let stop = tokio_util::sync::CancellationToken::new();
/// tokio::spawn(cloud.run(reflectors, stop.clone()));
/// # }
/// ```
#[derive(Debug)]
pub struct CloudController {
    settings: Arc<CloudSettings>,
    metrics: Metrics,
    progress: Progress,
}

impl CloudController {
    /// One that does not run yet.
    pub fn new(settings: CloudSettings) -> Self {
        Self {
            settings: Arc::new(settings),
            metrics: Metrics::default(),
            progress: Progress::new(),
        }
    }

    /// What it counts.
    pub fn metrics(&self) -> &Metrics {
        &self.metrics
    }

    /// How far it has come.
    pub fn state(&self) -> watch::Receiver<CloudState> {
        self.progress.subscribe()
    }

    /// Runs until `stop` is cancelled, then leaves the Lease to others. An API server that is away, or that
    /// does not grant what it needs, is waited for.
    pub fn run(
        &self,
        reflectors: Reflectors,
        stop: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let run = Run {
            reflectors,
            settings: self.settings.clone(),
            metrics: self.metrics.clone(),
            progress: self.progress.clone(),
            stop,
        };
        run.serve_until_stopped()
    }
}

struct Run {
    reflectors: Reflectors,
    settings: Arc<CloudSettings>,
    metrics: Metrics,
    progress: Progress,
    stop: CancellationToken,
}

impl Run {
    async fn serve_until_stopped(self) {
        let client = self.reflectors.client();
        let permitted = permitted(client, PERMISSIONS, &self.progress);
        if self.stop.run_until_cancelled(permitted).await.is_none() {
            return;
        }
        self.progress.set(CloudState::Standing);
        let instance = self.settings.instance.clone();
        let recorder = Recorder::spawn(client.clone(), COMPONENT, instance, self.stop.clone());
        let work = |_| self.lead(&recorder);
        let election = self.settings.election.clone();
        kinglet_kube::lead(client.clone(), election, &recorder, &self.stop, work).await;
    }

    /// The work of the leader.
    async fn lead(&self, recorder: &Recorder) {
        let _term = Term::begin(&self.progress, &self.metrics);
        let mut inputs = Inputs::new();
        inputs.watch(&self.reflectors.of::<Node>(), |change| change);
        let writer = Writer::new(self.reflectors.client(), recorder.clone(), self.metrics.clone());
        let problems = Problems::new(recorder.clone(), self.metrics.clone(), self.settings.patience);
        control(Nodes::new(writer, problems, self.settings.refresh), inputs, || ()).await;
    }
}

/// Waits for permissions, and logs once what is missing.
async fn permitted(client: &Client, needed: &[Permission], progress: &Progress) {
    access::wait(client, needed, |obstacle| {
        warn!("the cloud controller cannot start yet: {obstacle}; trying again");
        progress.add(obstacle);
    })
    .await;
    if progress.has_waited() {
        info!("the cloud controller starts: it has all permissions");
    }
}
