//! What is to be written, and writes it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use kinglet_kube::{
    Change, Client, Collection, Deletion, Next, ObjectReference, Reconciler, Recorder, Report, RequestError,
    Resource, Severity, apply::apply,
};
use kinglet_model::{EndpointSlice, Meta, ObjectName, Service};
use kinglet_telemetry::Gate;
use tokio::time::Instant;
use tracing::{info, warn};

use super::lease::{Leases, Observation};
use super::objects::{self, MANAGER, Owner, Wanted};
use super::own::{OwnSlice, OwnSlices, is_asked_for};
use super::settings::PublishSettings;

/// A change that the publisher looks at.
pub(super) enum Input {
    /// It runs.
    Started,
    Service(Change<Service>),
    Slice(Change<EndpointSlice>),
}

/// Keeps the Service and this server's slices, and removes those of servers that are dead. Keys are names of
/// slices.
pub(super) struct Publisher {
    client: Client,
    slices: Collection,
    leases: Leases,
    settings: PublishSettings,
    service: Wanted<Service>,
    own: OwnSlices,
    gate: Gate,
    recorder: Recorder,
    found_service: Option<Arc<Service>>,
    /// Whether it was written, and no change of it has come since.
    service_is_written: bool,
    /// Slices of servers.
    found: BTreeMap<ObjectName, Arc<EndpointSlice>>,
    observations: BTreeMap<ObjectName, Observation>,
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
    pub(super) fn new(client: &Client, settings: PublishSettings, gate: Gate, recorder: Recorder) -> Self {
        Self {
            slices: Collection::new(client.clone(), Resource::of::<EndpointSlice>()),
            leases: Leases::new(client),
            service: objects::service(settings.cluster_address),
            own: OwnSlices::new(&settings),
            client: client.clone(),
            settings,
            gate,
            recorder,
            found_service: None,
            service_is_written: false,
            found: BTreeMap::new(),
            observations: BTreeMap::new(),
        }
    }

    /// Whether the Service chooses Pods: their slices are somebody else's work, and ours would send queries
    /// to where no Pod is.
    fn pods_serve(&self) -> bool {
        self.found_service
            .as_ref()
            .is_some_and(|service| !service.selector.is_empty())
    }

    fn all(&self) -> Vec<ObjectName> {
        let mut names: Vec<_> = self.found.keys().cloned().collect();
        names.extend(
            self.own
                .names()
                .filter(|name| !self.found.contains_key(*name))
                .cloned(),
        );
        names
    }

    fn plan_one(&self, name: &ObjectName) -> Option<Plan> {
        let found = self.found.get(name);
        let own = self.own.get(name);
        if self.pods_serve() {
            let rest = own.is_some().then_some(Plan::Rest);
            return found.map(|slice| Plan::Remove(slice.clone())).or(rest);
        }
        if let Some(own) = own {
            if is_asked_for(own.endpoint, self.found_service.as_deref(), &self.settings) {
                return Some(Plan::Assert(self.assertion(own)));
            }
            return found.map(|slice| Plan::Remove(slice.clone()));
        }
        let slice = found?.clone();
        let own_stands = self.own.names().any(|name| self.found.contains_key(name));
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

    fn assertion(&self, own: &OwnSlice) -> Assertion {
        let slice = self.found.get(&own.wanted.name);
        let is_met = |service: &Arc<Service>| self.service.is_met_by(service);
        let is_fresh = |renewed: Instant| renewed.elapsed() < self.settings.renewal.mul_f32(0.8);
        Assertion {
            lease: self.settings.lifetime.is_some() && !own.renewed.is_some_and(is_fresh),
            // What was written is not written again because the news of another object came first.
            slice: !own.is_written && !slice.is_some_and(|slice| own.wanted.is_met_by(slice)),
            service: !self.service_is_written && !self.found_service.as_ref().is_some_and(is_met),
            failed: None,
        }
    }

    /// The Lease stands before the slice, so that nobody sees a slice without one; the Service is touched
    /// only when there is an endpoint to reach by it.
    async fn assert(&self, own: &OwnSlice, assertion: &Assertion) -> Result<(), String> {
        let name = &own.wanted.name;
        if let (true, Some(lifetime)) = (assertion.lease, self.settings.lifetime) {
            let renewed = self.leases.renew(name, &self.settings.instance, lifetime).await;
            renewed.map_err(|error| format!("Lease {name}: {error}"))?;
        }
        if assertion.slice {
            let applied = apply(&self.client, &own.wanted.body, MANAGER).await;
            applied.map_err(|error| refusal(own.endpoint, &error.to_string()))?;
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

    /// Takes this server's endpoints back.
    pub(super) async fn withdraw(&self) {
        for name in self.own.names() {
            self.withdraw_one(name).await;
        }
    }

    async fn withdraw_one(&self, name: &ObjectName) {
        match self.slices.delete(name, &Deletion::default()).await {
            Err(error) if !error.is_not_found() => {
                warn!(slice = %name, %error, "endpoint not withdrawn; others remove it");
            }
            // Without the slice the Lease is of no use; with it, it tells others when to remove it.
            _ => {
                let _ = self.leases.delete(name, None).await;
            }
        }
    }

    fn settle_own(&mut self, name: &ObjectName, assertion: Assertion) {
        let Some(own) = self.own.get_mut(name) else { return };
        let outcome = assertion.failed.map_or(Ok(()), Err);
        if outcome.is_ok() {
            own.renewed = if assertion.lease {
                Some(Instant::now())
            } else {
                own.renewed
            };
            own.is_written |= assertion.slice;
            self.service_is_written |= assertion.service;
        }
        let (endpoint, is_news) = (own.endpoint, own.settle(outcome.clone()));
        match outcome {
            Ok(()) if is_news || assertion.slice => {
                info!(%endpoint, "published as an endpoint of the cluster DNS");
            }
            Ok(()) => {}
            Err(text) if is_news => {
                warn!("this DNS server cannot be published: {text}; trying again");
                self.report(&text);
            }
            Err(_) => {}
        }
        if self
            .own
            .are_published(self.found_service.as_deref(), &self.settings)
        {
            self.gate.open();
        }
    }

    /// Says on the Service, which need not be there, why this server is no endpoint of it.
    fn report(&self, text: &str) {
        let found = self
            .found_service
            .as_ref()
            .map(|service| service.metadata.clone());
        let meta = found.unwrap_or_else(|| Meta {
            name: self.service.name.name.clone(),
            namespace: self.service.name.namespace.clone(),
            ..Meta::default()
        });
        self.recorder.report(Report {
            regarding: ObjectReference::of::<Service>(&meta),
            severity: Severity::Warning,
            reason: "EndpointNotPublished",
            action: "PublishEndpoint",
            note: format!(
                "the DNS server {} cannot be published: {text}",
                self.settings.instance
            ),
        });
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
            Input::Started => self.own.names().cloned().collect(),
            Input::Service(change) if change.name() == objects::service_name() => {
                self.found_service = change.now();
                self.service_is_written = false;
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
                let Some(own) = self.own.get(name) else {
                    return Ok(Next::Done);
                };
                assertion.failed = self.assert(own, assertion).await.err();
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
            Plan::Assert(assertion) => self.settle_own(name, assertion),
            Plan::Look(observation, _) if result.is_ok() => {
                self.observations.insert(name.clone(), observation);
            }
            // It was not seen; the time begins anew.
            Plan::Look(..) => {
                self.observations.remove(name);
            }
            Plan::Rest => self.gate.open(),
            // The Lease went, too.
            Plan::Remove(_) => {
                if let Some(own) = self.own.get_mut(name) {
                    own.reset();
                }
            }
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
        let own = self.own.get_mut(&name);
        let is_own = own.map(|own| own.is_written = false).is_some();
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

#[cfg(test)]
mod tests;
