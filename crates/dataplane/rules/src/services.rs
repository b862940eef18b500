//! The core: objects of the cluster in, batches for the kernel out.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kinglet_model::{EndpointSlice, Node, Object, ObjectName, Pod, Service, wellknown};
use kinglet_nft::{Batch, Ownership, Ruleset, Table};

use crate::desired::{Desired, Rank};
use crate::elsewhere::is_left_to_others;
use crate::endpoints::NodeTopology;
use crate::existing::ExistingTable;
use crate::flows::{Flows, Stale};
use crate::health::{self, Health, HealthChecks};
use crate::lower::lower;
use crate::own_pods::OwnPods;
use crate::plan::{Offer, plan};
use crate::problem::Problem;
use crate::settings::{DataplaneSettings, Share, Shares};
use crate::table::table;

/// The Services of a cluster as one node serves them.
#[derive(Debug)]
pub struct Services {
    settings: DataplaneSettings,
    table: Table,
    topology: NodeTopology,
    known: BTreeMap<ObjectName, Known>,
    /// The Service that each slice belongs to.
    owners: HashMap<ObjectName, ObjectName>,
    /// Services that changed since their rules were computed.
    dirty: BTreeSet<ObjectName>,
    /// Those whose rules were computed since the kernel last took everything.
    uncommitted: BTreeSet<ObjectName>,
    shares: Arc<Shares>,
    /// Those of the node's part of load balancers that there are no rules for.
    without_rules: BTreeSet<ObjectName>,
    own_pods: OwnPods,
    health: BTreeMap<ObjectName, (u16, Health)>,
    desired: Desired,
    flows: Flows,
    problems: Vec<Problem>,
}

/// What is known under the name of a Service.
#[derive(Debug, Default)]
struct Known {
    service: Option<Arc<Service>>,
    slices: BTreeMap<ObjectName, Arc<EndpointSlice>>,
    problems: BTreeSet<Problem>,
}

impl Services {
    /// No Services yet. `ownership` is the best that the kernel has, or that of the table that is there.
    pub fn new(settings: DataplaneSettings, ownership: Ownership) -> Self {
        let topology = NodeTopology {
            node: settings.node.clone(),
            zone: None,
        };
        Self {
            own_pods: OwnPods::of(settings.node.clone()),
            flows: Flows::new(&settings),
            settings,
            table: table(ownership),
            topology,
            known: BTreeMap::new(),
            owners: HashMap::new(),
            dirty: BTreeSet::new(),
            uncommitted: BTreeSet::new(),
            shares: Arc::default(),
            without_rules: BTreeSet::new(),
            health: BTreeMap::new(),
            desired: Desired::default(),
            problems: Vec::new(),
        }
    }

    /// What it was made with.
    pub fn settings(&self) -> &DataplaneSettings {
        &self.settings
    }

    /// How many Services have rules.
    pub fn len(&self) -> usize {
        self.desired.len()
    }

    /// Whether none has.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes a Service that is new or changed.
    pub fn apply_service(&mut self, service: Arc<Service>) {
        let name = service.object_name();
        self.known(name).service = Some(service);
    }

    /// Forgets a Service. Its slices stay: they are objects of their own.
    pub fn remove_service(&mut self, name: &ObjectName) {
        self.known(name.clone()).service = None;
    }

    /// Takes a slice that is new or changed, perhaps to belong to another Service.
    pub fn apply_endpoint_slice(&mut self, slice: Arc<EndpointSlice>) {
        let name = slice.object_name();
        // It may have belonged to another Service before, or be left to others now: labels can change.
        self.remove_endpoint_slice(&name);
        let served = !is_left_to_others(&slice.metadata);
        if let Some(owner) = slice.service().filter(|_| served) {
            self.owners.insert(name.clone(), owner.clone());
            self.known(owner).slices.insert(name, slice);
        }
    }

    /// Forgets a slice.
    pub fn remove_endpoint_slice(&mut self, name: &ObjectName) {
        if let Some(owner) = self.owners.remove(name) {
            self.known(owner).slices.remove(name);
        }
    }

    /// Takes a Node; only the own one matters.
    pub fn apply_node(&mut self, node: &Node) {
        if node.metadata.name == self.settings.node {
            self.set_zone(node.metadata.label(wellknown::LABEL_ZONE).map(Into::into));
            self.own_pods.set_node(Some(node));
        }
    }

    /// Forgets a Node. Without the own one the zone is unknown.
    pub fn remove_node(&mut self, node: &Node) {
        if node.metadata.name == self.settings.node {
            self.set_zone(None);
            self.own_pods.set_node(None);
        }
    }

    /// Takes a Pod; only those of the own node matter.
    pub fn apply_pod(&mut self, pod: &Pod) {
        self.own_pods.apply(pod.object_name(), pod);
    }

    /// Forgets a Pod.
    pub fn remove_pod(&mut self, pod: &Pod) {
        self.own_pods.remove(&pod.object_name());
    }

    /// Takes the node's part of load balancers.
    pub fn set_shares(&mut self, shares: Arc<Shares>) {
        let before = std::mem::replace(&mut self.shares, shares);
        let names = before.keys().chain(self.shares.keys());
        let changed = names.filter(|name| before.get(*name) != self.shares.get(*name));
        self.dirty.extend(changed.cloned());
    }

    /// The batches that bring the kernel from the last ones to the present objects, to be committed one after
    /// another, so that no packet is led to a chain whose rules it does not see yet; none if nothing changed.
    /// If one cannot be committed, the rest is void, and [`adopt`](Self::adopt) or
    /// [`replacement`](Self::replacement) is next.
    pub fn batches(&mut self) -> Vec<Batch> {
        self.compute();
        self.desired.batches(&self.table, &self.settings)
    }

    /// Takes over what the kernel has: the next
    /// [`batches`](Self::batches) start from there, and leave what fits alone. Clients keep their endpoints.
    pub fn adopt(&mut self, existing: &ExistingTable) {
        self.compute();
        self.flows.adopt(existing);
        self.desired.adopt(existing);
    }

    /// The batch that puts the rules of the present objects in the place of whatever the table holds, at one
    /// instant. A packet that the kernel is just at work on may see half of it.
    pub fn replacement(&mut self) -> Batch {
        self.compute();
        self.desired.replacement(&self.table, &self.settings)
    }

    /// The kernel has taken all batches.
    pub fn committed(&mut self) {
        self.uncommitted.clear();
    }

    /// The Services of the node's part of load balancers that the kernel does not have as they are now:
    /// nothing serves them, as those that name another proxy, or it has not taken the batches. If the table
    /// is not there these are all.
    pub fn not_served(&self, has_table: bool) -> BTreeSet<ObjectName> {
        if !has_table {
            return self.shares.keys().cloned().collect();
        }
        // Changes may have come while the kernel refused those before.
        let names = self.uncommitted.iter().chain(&self.dirty);
        let names = names.chain(&self.without_rules);
        names
            .filter(|name| self.shares.contains_key(*name))
            .cloned()
            .collect()
    }

    /// Which connections the batches since the last call left to endpoints that are gone. To be asked after
    /// the commit: until then new ones may come.
    pub fn take_stale(&mut self) -> Stale {
        self.flows.take_stale()
    }

    /// Takes back what [`take_stale`](Self::take_stale) gave, for the next call.
    pub fn keep_stale(&mut self, stale: Stale) {
        self.flows.keep_stale(stale);
    }

    /// All that the table is to hold after the last batch.
    pub fn ruleset(&self) -> Ruleset {
        self.desired.ruleset(&self.table, &self.settings)
    }

    /// What health checks tell after the last batch.
    pub fn health_checks(&self) -> HealthChecks {
        let mut checks = HealthChecks::new();
        for (port, health) in self.health.values() {
            // The first by name has the port, whatever came first.
            checks.entry(*port).or_insert_with(|| health.clone());
        }
        checks
    }

    /// Problems that the last batch found and that had not been there before.
    pub fn take_problems(&mut self) -> Vec<Problem> {
        std::mem::take(&mut self.problems)
    }

    fn set_zone(&mut self, zone: Option<Arc<str>>) {
        if self.topology.zone != zone {
            self.topology.zone = zone;
            // Every Service may have hints for zones.
            self.dirty.extend(self.known.keys().cloned());
        }
    }

    /// What is known under a name, which is about to change.
    fn known(&mut self, name: ObjectName) -> &mut Known {
        self.dirty.insert(name.clone());
        self.known.entry(name).or_default()
    }

    /// Computes the rules of all Services that changed, and how pods of the node are known.
    fn compute(&mut self) {
        if self.own_pods.take_changed() {
            let rank = Rank::of_node(&self.settings.node);
            self.desired.apply(rank, self.own_pods.objects());
        }
        for name in std::mem::take(&mut self.dirty) {
            let mut problems = Vec::new();
            let known = self.known.get(&name);
            let service = known.and_then(|known| Some((known.service.as_ref()?, &known.slices)));
            if let Some((service, slices)) = service {
                let slices: Vec<_> = slices.values().map(AsRef::as_ref).collect();
                self.health.remove(&name);
                let health = health::check(service, &slices, &self.settings.node);
                self.health.extend(health.map(|health| (name.clone(), health)));
                let nothing = Share::new();
                let offer = Offer {
                    kinds: self.settings.kinds,
                    share: self.shares.get(&name).unwrap_or(&nothing),
                };
                let plan = plan(service, &slices, &self.topology, offer, &mut problems);
                if offer.share.is_empty() || plan.serves_node() {
                    self.without_rules.remove(&name);
                } else {
                    self.without_rules.insert(name.clone());
                }
                self.flows.apply(&name, Some(&plan));
                self.desired
                    .apply(Rank::of(service), lower(&plan, &self.settings));
            } else {
                self.without_rules.remove(&name);
                self.health.remove(&name);
                self.flows.apply(&name, None);
                self.desired.remove(&name);
            }
            self.note_problems(&name, problems.into_iter().collect());
            self.uncommitted.insert(name);
        }
    }

    /// Keeps the problems of a Service, so that each is told once; forgets what is known of a name that
    /// nothing bears any more.
    fn note_problems(&mut self, name: &ObjectName, problems: BTreeSet<Problem>) {
        let Some(known) = self.known.get_mut(name) else {
            return;
        };
        self.problems
            .extend(problems.difference(&known.problems).cloned());
        known.problems = problems;
        // Slices may come before their Service.
        if known.service.is_none() && known.slices.is_empty() {
            self.known.remove(name);
        }
    }
}
