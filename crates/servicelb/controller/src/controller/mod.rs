//! The shell: follows the API, plans, and writes.

mod attempts;
mod write;

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt as _;
use kinglet_kube::{Client, Recorder, Reflector, RequestError};
use kinglet_model::{EndpointSlice, Node, Object as _, ObjectName, Pod, Service};
use kinglet_servicelb_plan::{DaemonSet, DaemonSets, Mode, Planner, ServiceLbSettings, ServicePlan, View};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use self::attempts::Attempts;
pub(crate) use self::write::Writer;
use crate::watched::Watched;

/// Name of the controller in Events.
pub(crate) const COMPONENT: &str = "service-lb-controller";
/// Services whose writes run at the same time.
const CONCURRENT: usize = 8;
/// How long changes are collected, so that a burst makes few plans.
const COLLECT: Duration = Duration::from_millis(20);
/// Until what no Service is concerned by is tried again.
const PAUSE: Duration = Duration::from_secs(1);

/// Keeps all load balancers of a cluster until `stop` is cancelled. Errors are logged and answered by new
/// attempts.
///
/// Where there are several candidates for this, the caller elects one; two at the same time do the same and
/// harm nothing.
///
/// ```no_run
/// # async fn example(client: kinglet_kube::Client) {
/// use kinglet_kube::Reflector;
/// use kinglet_servicelb::{Sources, run};
/// use kinglet_servicelb_plan::ServiceLbSettings;
/// use tokio_util::sync::CancellationToken;
///
/// let stop = CancellationToken::new();
/// let sources = Sources {
///     services: Reflector::spawn(client.clone(), stop.clone()),
///     slices: Reflector::spawn(client.clone(), stop.clone()),
/// };
/// tokio::spawn(async move { run(client, &sources, ServiceLbSettings::default(), stop.clone()).await });
/// # }
/// ```
pub async fn run(client: Client, sources: &Sources, settings: ServiceLbSettings, stop: CancellationToken) {
    let recorder = Recorder::spawn(client.clone(), COMPONENT, settings.instance.clone(), stop.clone());
    let changes = Changes::of(sources, &client, &stop);
    let controller = Controller {
        view: View::new(settings.mode, &settings.namespace),
        sets: DaemonSets::new(),
        writer: Writer::new(&client, recorder, &settings.namespace),
        attempts: Attempts::default(),
        settings,
    };
    stop.run_until_cancelled(controller.serve(changes)).await;
}

/// Kinds that the process watches anyway, for others too. Those that only load balancers need are watched as
/// long as they are served.
#[derive(Clone)]
pub struct Sources {
    /// All Services.
    pub services: Reflector<Service>,
    /// All EndpointSlices.
    pub slices: Reflector<EndpointSlice>,
}

/// Where changes come from.
struct Changes {
    services: Watched<Service>,
    nodes: Watched<Node>,
    pods: Watched<Pod>,
    slices: Watched<EndpointSlice>,
    sets: Watched<DaemonSet>,
}

impl Changes {
    fn of(sources: &Sources, client: &Client, stop: &CancellationToken) -> Self {
        let (client, stop) = (|| client.clone(), || stop.clone());
        Self {
            services: Watched::of(&sources.services),
            nodes: Watched::of(&Reflector::spawn(client(), stop())),
            pods: Watched::of(&Reflector::spawn(client(), stop())),
            slices: Watched::of(&sources.slices),
            sets: Watched::of(&Reflector::spawn(client(), stop())),
        }
    }

    fn synced(&self) -> bool {
        let cluster = self.services.synced && self.nodes.synced && self.slices.synced;
        cluster && self.pods.synced && self.sets.synced
    }

    /// Takes the next change in; tells whether it makes a difference.
    async fn next(&mut self, view: &mut View, sets: &mut DaemonSets) -> bool {
        // The end of the first list of a kind makes a difference: it may be the last that is waited for.
        tokio::select! {
            biased;
            change = self.services.next() => change.is_none_or(|(name, now)| view.service(&name, now)),
            change = self.nodes.next() => change.is_none_or(|(name, now)| view.node(&name, now)),
            change = self.slices.next() => change.is_none_or(|(name, now)| view.slice(&name, now)),
            change = self.pods.next() => change.is_none_or(|(name, now)| view.pod(&name, now)),
            change = self.sets.next() => change.is_none_or(|(name, now)| take_set(view, sets, name, now)),
        }
    }
}

/// Only the load balancers' own namespace is looked at: elsewhere labels mean nothing.
fn take_set(view: &View, sets: &mut DaemonSets, name: ObjectName, now: Option<Arc<DaemonSet>>) -> bool {
    match now.filter(|set| set.is_load_balancer() && view.is_own_namespace(&name.namespace)) {
        Some(set) => {
            sets.insert(name, set);
            true
        }
        None => sets.remove(&name).is_some(),
    }
}

struct Controller {
    view: View,
    sets: DaemonSets,
    writer: Writer,
    attempts: Attempts,
    settings: ServiceLbSettings,
}

impl Controller {
    async fn serve(mut self, mut changes: Changes) {
        let mut due = None;
        loop {
            let at = due;
            tokio::select! {
                biased;
                () = sleep_until(at), if changes.synced() => due = self.work().await,
                matters = changes.next(&mut self.view, &mut self.sets) => {
                    if matters {
                        let soon = Instant::now() + COLLECT;
                        due = Some(due.map_or(soon, |due: Instant| due.min(soon)));
                    }
                }
            }
        }
    }

    /// Plans and writes for all Services that need it; answers when to try again what failed.
    async fn work(&mut self) -> Option<Instant> {
        let (plans, orphans) = self.plan();
        if self.settings.mode == Mode::DaemonSet && !plans.is_empty() && !self.prepare().await {
            return Some(Instant::now() + PAUSE);
        }
        let writer = &self.writer;
        let writes = plans.into_iter().map(|(service, plan)| async move {
            let result = writer.write(&service, &plan).await;
            (service, plan, result)
        });
        let writes = futures::stream::iter(writes).buffer_unordered(CONCURRENT);
        for (service, plan, result) in writes.collect::<Vec<_>>().await {
            self.done(&service, plan, result);
        }
        let swept = self.sweep(orphans).await;
        let again = (!swept).then(|| Instant::now() + PAUSE);
        self.attempts.next().into_iter().chain(again).min()
    }

    /// The next write for each Service that is due, and DaemonSets whose Services are gone.
    fn plan(&mut self) -> (Vec<(Arc<Service>, ServicePlan)>, Vec<ObjectName>) {
        let services = self.view.services();
        self.attempts.retain(|name| services.contains_key(name));
        let planner = Planner::new(&self.view, &self.sets, &self.settings);
        let plans = services.values().filter_map(|service| {
            let plan = planner.plan(service)?;
            self.attempts
                .is_due(service, &plan)
                .then(|| (service.clone(), plan))
        });
        (plans.collect(), planner.orphans().cloned().collect())
    }

    fn done(&mut self, service: &Service, plan: ServicePlan, result: Result<(), RequestError>) {
        match result {
            Ok(()) => self.attempts.succeeded(service, plan),
            Err(error) => {
                report(&service.object_name(), &error);
                self.writer.failed(service, &error);
                self.attempts.failed(service);
            }
        }
    }

    async fn prepare(&self) -> bool {
        match self.writer.prepare().await {
            Ok(()) => true,
            Err(error) => {
                let namespace = &*self.settings.namespace;
                warn!(namespace, %error, "cannot prepare the namespace of load balancers; trying again");
                false
            }
        }
    }

    /// Deletes DaemonSets; tells whether all are gone.
    async fn sweep(&self, sets: Vec<ObjectName>) -> bool {
        let mut all = true;
        for name in sets {
            if let Err(error) = self.writer.delete_set(&name).await {
                warn!(daemonset = %name, %error, "cannot delete a load balancer whose Service is gone; trying again");
                all = false;
            }
        }
        all
    }
}

async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A conflict only means that the cache is behind; the retry sees more.
fn report(service: &ObjectName, error: &RequestError) {
    if error.is_conflict() || error.is_not_found() {
        debug!(%service, %error, "Service has changed meanwhile; trying again");
    } else {
        warn!(%service, %error, "cannot write load balancer; trying again");
    }
}
