//! The rule of the controller: every Service gets its next write, one after the other.

use std::collections::{BTreeSet, HashMap, HashSet};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{Next, Reconciler, RequestError};
use kinglet_model::{Object as _, ObjectName, Service};
use kinglet_servicelb_plan::{
    Affected, Allocation, DaemonSets, Planner, ServiceLbSettings, ServicePlan, Step, View,
};

use super::inputs::Input;
use super::write::Writer;

/// What is worked on as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Key {
    /// What changes affect. Which Services these are is known when all changes of a burst are.
    Changes,
    /// A Service whose write failed.
    Service(ObjectName),
    /// What all DaemonSets need: their namespace and ServiceAccount.
    Namespace(Box<str>),
    /// A DaemonSet whose Service is gone, and that could not be deleted.
    Orphan(ObjectName),
}

impl fmt::Display for Key {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Changes => formatter.write_str("changes"),
            Self::Service(name) => write!(formatter, "Service {name}"),
            Self::Namespace(name) => write!(formatter, "namespace {name} of DaemonSets"),
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
    /// What DaemonSets need is created.
    Prepare,
    /// Nothing for a moment: agents are about to confirm what the next write says.
    Wait,
}

/// How long a write waits for agents to confirm what they serve. With many nodes one write names most of
/// them; an agent that is dead delays it by no more.
const MOMENT: Duration = Duration::from_secs(1);

/// Plans from the state of the cluster, and writes.
pub(super) struct LoadBalancers {
    view: View,
    allocation: Allocation,
    /// What has changed since the allocation was computed.
    affected: Affected,
    sets: DaemonSets,
    settings: ServiceLbSettings,
    writer: Writer,
    /// The last write of each Service, and the revision that it was planned from: until the watch brings the
    /// result, the same plan comes again.
    written: HashMap<ObjectName, (Arc<str>, ServicePlan)>,
    /// Whether DaemonSets can be created: there is what they need.
    is_prepared: bool,
    /// Services that wait for that. They wait as one: each on its own would ask, and warn, again and again.
    waiting: BTreeSet<ObjectName>,
    /// Services whose write waits for agents.
    waits: HashSet<ObjectName>,
    /// Keys that wait after a failure. A change elsewhere does not shorten their pause.
    failed: HashSet<Key>,
}

impl LoadBalancers {
    pub(super) fn new(settings: ServiceLbSettings, writer: Writer) -> Self {
        Self {
            view: View::new(settings.mode, &settings.namespace),
            allocation: Allocation::default(),
            affected: Affected::default(),
            sets: DaemonSets::new(),
            settings,
            writer,
            written: HashMap::new(),
            is_prepared: false,
            waiting: BTreeSet::new(),
            waits: HashSet::new(),
            failed: HashSet::new(),
        }
    }

    fn namespace(&self) -> Key {
        Key::Namespace(self.settings.namespace.as_str().into())
    }

    /// Holds plans back that need what DaemonSets need, until that is there.
    fn hold_back(&mut self, plans: &mut Vec<(Key, Write)>, is_due: bool) {
        let namespace = self.namespace();
        let is_due = is_due || !self.failed.contains(&namespace);
        if self.is_prepared {
            return;
        }
        let waiting = &mut self.waiting;
        plans.retain(|(key, write)| match (key, write) {
            (Key::Service(name), Write::Service(_, plan)) if matches!(plan.step, Step::Apply { .. }) => {
                waiting.insert(name.clone());
                false
            }
            _ => true,
        });
        if !waiting.is_empty() && is_due {
            plans.push((namespace, Write::Prepare));
        }
    }

    /// The namespace is there, or is not. The Services that wait hear of the first failure.
    fn prepared(&mut self, result: &Result<Next, RequestError>) {
        let Err(error) = result else {
            self.failed.remove(&self.namespace());
            self.is_prepared = true;
            return;
        };
        let is_first = self.failed.insert(self.namespace());
        let names = self.waiting.iter().filter(|_| is_first);
        for service in names.filter_map(|name| self.view.services().get(name)) {
            self.writer.failed(service, error);
        }
    }

    /// Whether the write was carried out, and its result has not come back yet. What is only told is told
    /// once.
    fn is_written(&self, name: &ObjectName, service: &Service, plan: &ServicePlan) -> bool {
        let written = self.written.get(name);
        written.is_some_and(|(revision, last)| {
            let same = *revision == service.metadata.resource_version || plan.step == Step::Tell;
            same && last == plan
        })
    }

    /// The Services to plan for.
    fn due(&mut self, due: &[Key]) -> BTreeSet<ObjectName> {
        let mut services = BTreeSet::new();
        if due.contains(&Key::Changes) {
            let affected = std::mem::take(&mut self.affected);
            services = self.allocation.update(&self.view, &affected);
            services.retain(|name| !self.failed.contains(&Key::Service(name.clone())));
        }
        if self.is_prepared {
            services.append(&mut self.waiting);
        }
        services.extend(due.iter().filter_map(|key| match key {
            Key::Service(name) => Some(name.clone()),
            _ => None,
        }));
        services
    }
}

impl Reconciler for LoadBalancers {
    type Change = Input;
    type Key = Key;
    type Plan = Write;
    type Error = RequestError;

    const FAILED: &'static str = "cannot write load balancer";

    fn observe(&mut self, change: Input) -> Vec<Key> {
        let Some(affected) = change.take(&mut self.view, &mut self.sets) else {
            return Vec::new();
        };
        // One key for all: shares of ports depend on many objects, and are computed once for a burst.
        self.affected.add(affected);
        vec![Key::Changes]
    }

    fn plan(&mut self, due: Vec<Key>) -> Vec<(Key, Write)> {
        // That of the namespace counts as failed until it succeeds: what waits for it hears once.
        for key in due.iter().filter(|key| !matches!(key, Key::Namespace(_))) {
            self.failed.remove(key);
        }
        let services = self.due(&due);
        let expired = due.iter().filter_map(|key| match key {
            Key::Service(name) => Some(name),
            _ => None,
        });
        let expired: HashSet<&ObjectName> = expired.collect();
        let planner = Planner::new(&self.view, &self.allocation, &self.sets, &self.settings);
        let mut plans = Vec::new();
        for name in services {
            let service = self.view.services().get(&name);
            let planned = service.and_then(|service| Some((service, planner.plan(service)?)));
            let Some((service, plan)) = planned else {
                self.written.remove(&name);
                self.waits.remove(&name);
                continue;
            };
            if plan.can_wait && !expired.contains(&name) {
                // The moment begins once: changes go on, and each would begin it anew.
                if self.waits.insert(name.clone()) {
                    plans.push((Key::Service(name), Write::Wait));
                }
                continue;
            }
            self.waits.remove(&name);
            if !self.is_written(&name, service, &plan) {
                let write = Write::Service(service.clone(), Box::new(plan));
                plans.push((Key::Service(name), write));
            }
        }
        let orphans = planner.orphans().map(|name| Key::Orphan(name.clone()));
        let is_due =
            |key: &Key| due.contains(key) || (due.contains(&Key::Changes) && !self.failed.contains(key));
        plans.extend(orphans.filter(is_due).map(|key| (key, Write::Delete)));
        let is_due = due.contains(&self.namespace());
        self.hold_back(&mut plans, is_due);
        plans
    }

    async fn apply(&self, key: &Key, plan: &mut Write) -> Result<Next, RequestError> {
        match (key, plan) {
            (_, Write::Service(service, plan)) => self.writer.write(service, plan).await?,
            (Key::Orphan(set), Write::Delete) => self.writer.delete_set(set).await?,
            (_, Write::Delete) => {}
            (_, Write::Wait) => return Ok(Next::After(MOMENT)),
            (_, Write::Prepare) => {
                self.writer.prepare().await?;
                // And then those that waited.
                return Ok(Next::After(Duration::ZERO));
            }
        }
        Ok(Next::Done)
    }

    fn settle(&mut self, key: &Key, plan: Write, result: &Result<Next, RequestError>) {
        if matches!(plan, Write::Prepare) {
            return self.prepared(result);
        }
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
            Err(error) => {
                // The namespace of DaemonSets may have been deleted.
                self.is_prepared &= !(error.is_not_found() && matches!(plan.step, Step::Apply { .. }));
                self.writer.failed(&service, error);
            }
        }
    }
}
