//! Changes of the objects, applied to the core.

use std::sync::Arc;

use kinglet_kube::Delta;
use kinglet_model::{EndpointSlice, Node, Object, Service};
use tokio::sync::mpsc::UnboundedReceiver;
use tokio::sync::watch;

use super::Sources;
use crate::services::Services;
use crate::settings::Shares;

/// Subscriptions to all sources.
pub(super) struct Changes {
    services: UnboundedReceiver<Delta<Service>>,
    slices: UnboundedReceiver<Delta<EndpointSlice>>,
    nodes: UnboundedReceiver<Delta<Node>>,
    shares: Option<watch::Receiver<Option<Arc<Shares>>>>,
    /// The node's part of load balancers, once it is known.
    share: Option<Arc<Shares>>,
    /// Kinds whose first list has not arrived.
    unsynced: usize,
}

/// A change of any kind.
enum Change {
    Service(Delta<Service>),
    Slice(Delta<EndpointSlice>),
    Node(Delta<Node>),
    Shares(Option<Arc<Shares>>),
}

impl Changes {
    pub(super) fn of(sources: &Sources) -> Self {
        Self {
            services: sources.services.subscribe(),
            slices: sources.slices.subscribe(),
            nodes: sources.nodes.subscribe(),
            share: None,
            shares: sources.shares.clone().map(|mut shares| {
                shares.mark_changed();
                shares
            }),
            unsynced: 3,
        }
    }

    /// Whether all objects that were there at the start have been applied.
    pub(super) fn synced(&self) -> bool {
        self.unsynced == 0 && (self.share.is_some() || self.shares.is_none())
    }

    /// The node's part of load balancers, as far as it has been applied.
    pub(super) fn shares(&self) -> Option<&Arc<Shares>> {
        self.share.as_ref()
    }

    /// Waits for a change and applies it with all others that are there already. `false` when the sources are
    /// gone.
    pub(super) async fn next(&mut self, services: &mut Services) -> bool {
        let first = tokio::select! {
            delta = self.services.recv() => delta.map(Change::Service),
            delta = self.slices.recv() => delta.map(Change::Slice),
            delta = self.nodes.recv() => delta.map(Change::Node),
            shares = changed(&mut self.shares) => shares.map(Change::Shares),
        };
        let Some(first) = first else { return false };
        self.apply(services, first);
        while let Some(change) = self.waiting() {
            self.apply(services, change);
        }
        true
    }

    /// A change that is there already.
    fn waiting(&mut self) -> Option<Change> {
        let service = self.services.try_recv().ok().map(Change::Service);
        let slice = || self.slices.try_recv().ok().map(Change::Slice);
        let node = || self.nodes.try_recv().ok().map(Change::Node);
        service.or_else(slice).or_else(node)
    }

    fn apply(&mut self, services: &mut Services, change: Change) {
        match change {
            Change::Service(Delta::Applied(service)) => services.apply_service(service),
            Change::Service(Delta::Deleted(service)) => services.remove_service(&service.object_name()),
            Change::Slice(Delta::Applied(slice)) => services.apply_endpoint_slice(slice),
            Change::Slice(Delta::Deleted(slice)) => services.remove_endpoint_slice(&slice.object_name()),
            Change::Node(Delta::Applied(node)) => services.apply_node(&node),
            Change::Node(Delta::Deleted(node)) => services.remove_node(&node),
            Change::Shares(None) => {}
            Change::Shares(Some(shares)) => {
                self.share = Some(shares.clone());
                services.set_shares(shares);
            }
            Change::Service(Delta::Synced) | Change::Slice(Delta::Synced) | Change::Node(Delta::Synced) => {
                self.unsynced = self.unsynced.saturating_sub(1);
            }
        }
    }
}

/// The next value; none ever comes where there is no source, and nothing when the source is gone.
async fn changed(shares: &mut Option<watch::Receiver<Option<Arc<Shares>>>>) -> Option<Option<Arc<Shares>>> {
    match shares {
        None => std::future::pending().await,
        Some(shares) => {
            shares.changed().await.ok()?;
            Some(shares.borrow_and_update().clone())
        }
    }
}
