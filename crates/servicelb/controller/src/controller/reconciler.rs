//! The rule of the controller: every Service gets its next write, one after the other.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use kinglet_kube::{Next, Reconciler, RequestError};
use kinglet_model::{Object as _, ObjectName, Service};
use kinglet_servicelb_plan::{DaemonSets, Planner, ServiceLbSettings, ServicePlan, View};

use super::inputs::Input;
use super::write::Writer;

/// What is worked on as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// All Services: who serves one depends on the ports that others have.
    All,
    /// A Service whose write failed.
    Service(ObjectName),
    /// A DaemonSet whose Service is gone, and that could not be deleted.
    Orphan(ObjectName),
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => formatter.write_str("all Services"),
            Self::Service(name) => write!(formatter, "Service {name}"),
            Self::Orphan(name) => write!(formatter, "DaemonSet {name}"),
        }
    }
}

/// What is written for a key.
pub(super) enum Write {
    /// The next write for the Service.
    Service(Arc<Service>, Box<ServicePlan>),
    /// The DaemonSet of the key is deleted.
    Delete,
}

/// Plans from the state of the cluster, and writes.
pub(super) struct LoadBalancers {
    view: View,
    sets: DaemonSets,
    settings: ServiceLbSettings,
    writer: Writer,
    /// The last write of each Service, and the revision that it was planned from: until the watch brings the
    /// result, the same plan comes again.
    written: HashMap<ObjectName, (Arc<str>, ServicePlan)>,
    /// Keys that wait after a failure. A change elsewhere does not shorten their pause.
    failed: HashSet<Key>,
}

impl LoadBalancers {
    pub(super) fn new(settings: ServiceLbSettings, writer: Writer) -> Self {
        Self {
            view: View::new(settings.mode, &settings.namespace),
            sets: DaemonSets::new(),
            settings,
            writer,
            written: HashMap::new(),
            failed: HashSet::new(),
        }
    }

    /// Whether the write was carried out, and its result has not come back yet.
    fn is_written(&self, service: &Service, plan: &ServicePlan) -> bool {
        let written = self.written.get(&service.object_name());
        written.is_some_and(|(revision, last)| *revision == service.metadata.resource_version && last == plan)
    }
}

impl Reconciler for LoadBalancers {
    type Change = Input;
    type Key = Key;
    type Plan = Write;
    type Error = RequestError;

    const FAILED: &'static str = "cannot write load balancer";

    fn observe(&mut self, change: Input) -> Vec<Key> {
        match change.take(&mut self.view, &mut self.sets) {
            true => vec![Key::All],
            false => Vec::new(),
        }
    }

    fn plan(&mut self, due: Vec<Key>) -> Vec<(Key, Write)> {
        for key in &due {
            self.failed.remove(key);
        }
        let services = self.view.services();
        self.written.retain(|name, _| services.contains_key(name));
        let is_due = |key: &Key| match due.contains(&Key::All) {
            true => !self.failed.contains(key),
            false => due.contains(key),
        };
        let planner = Planner::new(&self.view, &self.sets, &self.settings);
        let plans = services.values().filter_map(|service| {
            let key = Some(Key::Service(service.object_name())).filter(is_due)?;
            let plan = planner.plan(service)?;
            (!self.is_written(service, &plan)).then(|| (key, Write::Service(service.clone(), Box::new(plan))))
        });
        let orphans = planner.orphans().map(|name| Key::Orphan(name.clone()));
        let deletions = orphans.filter(is_due).map(|key| (key, Write::Delete));
        plans.chain(deletions).collect()
    }

    async fn apply(&self, key: &Key, plan: &mut Write) -> Result<Next, RequestError> {
        match (key, plan) {
            (_, Write::Service(service, plan)) => self.writer.write(service, plan).await?,
            (Key::Orphan(set), Write::Delete) => self.writer.delete_set(set).await?,
            (_, Write::Delete) => {}
        }
        Ok(Next::Done)
    }

    fn settle(&mut self, key: &Key, plan: Write, result: &Result<Next, RequestError>) {
        if result.is_err() {
            self.failed.insert(key.clone());
        }
        let Write::Service(service, plan) = plan else {
            return;
        };
        match result {
            Ok(_) => {
                let revision = service.metadata.resource_version.clone();
                self.written.insert(service.object_name(), (revision, *plan));
            }
            Err(error) => self.writer.failed(&service, error),
        }
    }
}
