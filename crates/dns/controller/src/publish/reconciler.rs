//! What is to be written, and writes it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{
    Change, Client, Collection, Deletion, Next, Reconciler, RequestError, Resource, apply::apply,
};
use kinglet_model::{EndpointSlice, ObjectName, Service};
use kinglet_telemetry::Gate;
use tokio::time::Instant;
use tracing::{info, warn};

use super::PublishSettings;
use super::lease::{Leases, Observation};
use super::objects::{self, MANAGER, Owner, Wanted};

/// A change that the publisher looks at.
pub(super) enum Input {
    /// It runs.
    Started,
    Service(Change<Service>),
    Slice(Change<EndpointSlice>),
}

/// Keeps the Service and this server's slice, and removes those of servers that are dead. Keys are names of
/// slices.
pub(super) struct Publisher {
    client: Client,
    slices: Collection,
    leases: Leases,
    settings: PublishSettings,
    service: Wanted<Service>,
    own: Wanted<EndpointSlice>,
    gate: Gate,
    found_service: Option<Arc<Service>>,
    /// Slices of servers.
    found: BTreeMap<ObjectName, Arc<EndpointSlice>>,
    observations: BTreeMap<ObjectName, Observation>,
    renewed: Option<Instant>,
    /// What kept this server from being published, when it was tried last.
    obstacle: Option<String>,
}

/// What is to be done about a slice.
pub(super) enum Plan {
    /// This server's: write what is not as it should be.
    Assert(Assertion),
    /// Pods serve, and no slice of ours is there.
    Rest,
    /// Somebody else's: is its server alive?
    Look(Observation, Arc<EndpointSlice>),
    /// It is nobody's.
    Remove(Arc<EndpointSlice>),
}

/// What is to be written, and why it was not.
#[derive(Default)]
pub(super) struct Assertion {
    lease: bool,
    slice: bool,
    service: bool,
    failed: Option<String>,
}

impl Publisher {
    pub(super) fn new(client: &Client, settings: PublishSettings, gate: Gate) -> Self {
        Self {
            slices: Collection::new(client.clone(), Resource::of::<EndpointSlice>()),
            leases: Leases::new(client),
            service: objects::service(settings.cluster_address),
            own: objects::slice(settings.endpoint),
            client: client.clone(),
            settings,
            gate,
            found_service: None,
            found: BTreeMap::new(),
            observations: BTreeMap::new(),
            renewed: None,
            obstacle: None,
        }
    }

    /// Whether the Service chooses Pods: their slices are somebody else's work, and ours would send queries to
    /// where no Pod is.
    fn pods_serve(&self) -> bool {
        self.found_service
            .as_ref()
            .is_some_and(|service| !service.selector.is_empty())
    }

    fn all(&self) -> Vec<ObjectName> {
        let mut names: Vec<_> = self.found.keys().cloned().collect();
        names.push(self.own.name.clone());
        names
    }

    fn plan_one(&self, name: &ObjectName) -> Option<Plan> {
        let found = self.found.get(name);
        if self.pods_serve() {
            let rest = (*name == self.own.name).then_some(Plan::Rest);
            return found.map(|slice| Plan::Remove(slice.clone())).or(rest);
        }
        if *name == self.own.name {
            return Some(Plan::Assert(self.assertion()));
        }
        let slice = found?.clone();
        let own_stands = self.found.contains_key(&self.own.name);
        Some(match (objects::owner(&slice), self.settings.lifetime) {
            (Owner::Server, Some(_)) => {
                let observation = self.observations.get(name).cloned().unwrap_or_default();
                Plan::Look(observation, slice)
            }
            // What it stands for may serve until there is something better.
            _ if !own_stands => return None,
            _ => Plan::Remove(slice),
        })
    }

    fn assertion(&self) -> Assertion {
        let slice = self.found.get(&self.own.name);
        let is_met = |service: &Arc<Service>| self.service.is_met_by(service);
        let is_fresh = |renewed: Instant| renewed.elapsed() < self.settings.renewal.mul_f32(0.8);
        Assertion {
            lease: self.settings.lifetime.is_some() && !self.renewed.is_some_and(is_fresh),
            slice: !slice.is_some_and(|slice| self.own.is_met_by(slice)),
            service: !self.found_service.as_ref().is_some_and(is_met),
            failed: None,
        }
    }

    /// The Lease stands before the slice, so that nobody sees a slice without one; the Service is touched only
    /// when there is an endpoint to reach by it.
    async fn assert(&self, assertion: &Assertion) -> Result<(), String> {
        if let (true, Some(lifetime)) = (assertion.lease, self.settings.lifetime) {
            let renewed = self
                .leases
                .renew(&self.own.name, &self.settings.instance, lifetime)
                .await;
            renewed.map_err(|error| format!("Lease {}: {error}", self.own.name))?;
        }
        if assertion.slice {
            let applied = apply(&self.client, &self.own.body, MANAGER).await;
            applied.map_err(|error| refusal(self.settings.endpoint, &error.to_string()))?;
        }
        if assertion.service {
            let applied = apply(&self.client, &self.service.body, MANAGER).await;
            applied.map_err(|error| format!("Service {}: {error}", self.service.name))?;
        }
        Ok(())
    }

    /// Removes a slice whose server has not been heard for too long.
    async fn look(
        &self,
        name: &ObjectName,
        observation: &mut Observation,
        slice: &EndpointSlice,
    ) -> Result<Next, RequestError> {
        let Some(lifetime) = self.settings.lifetime else {
            return Ok(Next::Done);
        };
        let lease = self.leases.get(name).await?;
        observation.look(lease.as_ref(), Instant::now(), self.settings.renewal * 3);
        if !observation.is_over(lease.as_ref(), lifetime) {
            return Ok(Next::After(self.settings.renewal));
        }
        // The Lease first: that it can be deleted as it was seen proves that nobody has renewed it since.
        if let Some(lease) = &lease {
            self.leases.delete(name, Some(lease)).await?;
        }
        warn!(slice = %name, "its DNS server was not heard of; endpoint removed");
        self.remove(name, slice).await
    }

    async fn remove(&self, name: &ObjectName, slice: &EndpointSlice) -> Result<Next, RequestError> {
        let how = Deletion {
            uid: Some(&slice.metadata.uid),
            ..Deletion::default()
        };
        match self.slices.delete(name, &how).await {
            Err(error) if !error.is_not_found() => Err(error),
            _ => Ok(Next::Done),
        }
    }

    /// Takes this server's endpoint back.
    pub(super) async fn withdraw(&self) {
        let (name, how) = (&self.own.name, Deletion::default());
        match self.slices.delete(name, &how).await {
            Err(error) if !error.is_not_found() => {
                warn!(slice = %name, %error, "endpoint not withdrawn; others remove it");
            }
            // Without the slice the Lease is of no use; with it, it tells others when to remove it.
            _ => {
                let _ = self.leases.delete(name, None).await;
            }
        }
    }

    fn settle_own(&mut self, assertion: Assertion) {
        let obstacle = assertion.failed;
        match &obstacle {
            Some(text) if self.obstacle.as_ref() != Some(text) => {
                warn!("this DNS server cannot be published: {text}; trying again");
            }
            Some(_) => {}
            None => {
                if assertion.lease {
                    self.renewed = Some(Instant::now());
                }
                if assertion.slice || self.obstacle.is_some() {
                    info!(endpoint = %self.settings.endpoint, "published as an endpoint of the cluster DNS");
                }
                self.gate.open();
            }
        }
        self.obstacle = obstacle;
    }
}

/// What an API server says of an endpoint that it does not take.
fn refusal(endpoint: SocketAddr, error: &str) -> String {
    let hint = if endpoint.ip().is_loopback() {
        "; nobody else reaches a loopback address: set --dns-listen or --advertise-address to an address of this node"
    } else {
        ""
    };
    format!("endpoint {endpoint}: {error}{hint}")
}

impl Reconciler for Publisher {
    type Change = Input;
    type Key = ObjectName;
    type Plan = Plan;
    type Error = RequestError;

    const FAILED: &'static str = "cannot look after an endpoint of the cluster DNS";

    fn observe(&mut self, input: Input) -> Vec<ObjectName> {
        match input {
            Input::Started => vec![self.own.name.clone()],
            Input::Service(change) if change.name() == objects::service_name() => {
                self.found_service = change.now();
                self.all()
            }
            Input::Slice(change) => self.observe_slice(change),
            Input::Service(_) => Vec::new(),
        }
    }

    fn plan(&mut self, due: Vec<ObjectName>) -> Vec<(ObjectName, Plan)> {
        let plans = due.into_iter().filter_map(|name| {
            let plan = self.plan_one(&name)?;
            Some((name, plan))
        });
        plans.collect()
    }

    async fn apply(&self, name: &ObjectName, plan: &mut Plan) -> Result<Next, RequestError> {
        match plan {
            Plan::Rest => Ok(Next::Done),
            Plan::Remove(slice) => {
                self.leases.delete(name, None).await?;
                self.remove(name, slice).await
            }
            Plan::Look(observation, slice) => self.look(name, observation, slice).await,
            Plan::Assert(assertion) => {
                assertion.failed = self.assert(assertion).await.err();
                Ok(match (&assertion.failed, self.settings.lifetime) {
                    (Some(_), _) => Next::Retry(self.settings.renewal),
                    (None, Some(_)) => Next::After(self.settings.renewal),
                    (None, None) => Next::Done,
                })
            }
        }
    }

    fn settle(&mut self, name: &ObjectName, plan: Plan, result: &Result<Next, RequestError>) {
        match plan {
            Plan::Assert(assertion) => self.settle_own(assertion),
            Plan::Look(observation, _) if result.is_ok() => {
                self.observations.insert(name.clone(), observation);
            }
            // It was not seen; the time begins anew.
            Plan::Look(..) => {
                self.observations.remove(name);
            }
            Plan::Rest => self.gate.open(),
            // The Lease went, too: a slice that comes back needs a new one at once.
            Plan::Remove(_) if *name == self.own.name => self.renewed = None,
            Plan::Remove(_) => {}
        }
    }

    fn longest_pause(&self) -> Duration {
        self.settings.renewal
    }
}

impl Publisher {
    fn observe_slice(&mut self, change: Change<EndpointSlice>) -> Vec<ObjectName> {
        let name = change.name();
        let ours = change.now().filter(|slice| objects::owner(slice) != Owner::Other);
        let is_own = name == self.own.name;
        let was_known = match ours {
            Some(slice) => self.found.insert(name.clone(), slice).is_some(),
            None => {
                self.observations.remove(&name);
                self.found.remove(&name).is_some()
            }
        };
        // With the own slice, others may go that nobody keeps.
        match (is_own, was_known || self.found.contains_key(&name)) {
            (true, _) => self.all(),
            (false, true) => vec![name],
            (false, false) => Vec::new(),
        }
    }
}
