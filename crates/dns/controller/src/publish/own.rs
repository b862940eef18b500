//! The EndpointSlices of this server: one for each of its endpoints, because a slice has one family.

use std::collections::BTreeMap;
use std::net::SocketAddr;

use kinglet_model::{EndpointSlice, ObjectName, Service};
use tokio::time::Instant;

use super::objects::{self, Wanted};
use super::settings::PublishSettings;

/// A slice of this server.
pub(super) struct OwnSlice {
    pub(super) endpoint: SocketAddr,
    pub(super) wanted: Wanted<EndpointSlice>,
    /// When its Lease was.
    pub(super) renewed: Option<Instant>,
    /// Whether it was written, and no change of it has come since: what is known of it is older.
    pub(super) is_written: bool,
    /// What kept it from being published, when it was tried last; nothing while it was not tried.
    pub(super) outcome: Option<Result<(), String>>,
}

impl OwnSlice {
    fn new(endpoint: SocketAddr) -> Self {
        Self {
            endpoint,
            wanted: objects::slice(endpoint),
            renewed: None,
            is_written: false,
            outcome: None,
        }
    }

    /// It is removed: if it comes back, it needs a Lease at once.
    pub(super) fn reset(&mut self) {
        (self.renewed, self.is_written, self.outcome) = (None, false, None);
    }

    /// Takes in how an attempt ended; answers whether that is news.
    pub(super) fn settle(&mut self, outcome: Result<(), String>) -> bool {
        let is_news = self.outcome.as_ref() != Some(&outcome);
        self.outcome = Some(outcome);
        is_news
    }

    fn is_published(&self) -> bool {
        matches!(self.outcome, Some(Ok(())))
    }
}

/// All slices of this server, by name.
pub(super) struct OwnSlices(BTreeMap<ObjectName, OwnSlice>);

impl OwnSlices {
    pub(super) fn new(settings: &PublishSettings) -> Self {
        let slices = settings.endpoints.iter().copied().map(OwnSlice::new);
        Self(slices.map(|slice| (slice.wanted.name.clone(), slice)).collect())
    }

    pub(super) fn names(&self) -> impl Iterator<Item = &ObjectName> {
        self.0.keys()
    }

    pub(super) fn get(&self, name: &ObjectName) -> Option<&OwnSlice> {
        self.0.get(name)
    }

    pub(super) fn get_mut(&mut self, name: &ObjectName) -> Option<&mut OwnSlice> {
        self.0.get_mut(name)
    }

    /// Whether all that are asked for are published.
    pub(super) fn are_published(&self, service: Option<&Service>, settings: &PublishSettings) -> bool {
        let is_asked_for = |own: &&OwnSlice| is_asked_for(own.endpoint, service, settings);
        self.0.values().filter(is_asked_for).all(OwnSlice::is_published)
    }
}

/// Whether an endpoint is of a family of the Service, or none is. Until the Service is there, its family is
/// that of the address that it will have.
pub(super) fn is_asked_for(
    endpoint: SocketAddr,
    service: Option<&Service>,
    settings: &PublishSettings,
) -> bool {
    let own = [settings.cluster_address];
    let addresses = service.map_or(&own[..], |service| &service.cluster_ips[..]);
    let fits = |one: &SocketAddr| addresses.iter().any(|ip| ip.is_ipv4() == one.is_ipv4());
    fits(&endpoint) || !settings.endpoints.iter().any(fits)
}
