//! Removes everything that the controller has written (`--disable=servicelb`).

use std::collections::BTreeSet;
use std::sync::Arc;

use kinglet_kube::{Client, Collection, Recorder, RequestError, Resource};
use kinglet_model::{Node, Object, ObjectName, Pod, Service};
use kinglet_servicelb_plan::names::FINALIZER_LEGACY;
use kinglet_servicelb_plan::{
    DaemonSet, DaemonSets, HostPorts, Planner, ServiceLbSettings, View, has_finalizer, is_marked, is_told,
};
use serde::de::DeserializeOwned;
use tokio_util::sync::CancellationToken;

use crate::agent::withdraw;
use crate::controller::{COMPONENT, Writer};

/// Most writes that a Service needs. A bound, so that another controller that writes against us cannot keep
/// the removal here for ever.
const WRITES: usize = 8;

/// Removes DaemonSets, our finalizers, status entries and conditions of Services, and the reports of nodes;
/// also those of K3s' ServiceLB. What other controllers of load balancers have is left alone. Returns when
/// all is done; it can be repeated.
///
/// # Errors
/// The API server cannot be reached, or refuses.
pub async fn remove_all(client: &Client, settings: &ServiceLbSettings) -> Result<(), RequestError> {
    let stop = CancellationToken::new();
    let recorder = Recorder::spawn(client.clone(), COMPONENT, settings.instance.clone(), stop.clone());
    let removal = Removal {
        client,
        settings,
        writer: Writer::new(client, recorder, &settings.namespace),
    };
    let result = removal.run().await;
    stop.cancel();
    result
}

struct Removal<'a> {
    client: &'a Client,
    settings: &'a ServiceLbSettings,
    writer: Writer,
}

impl Removal<'_> {
    async fn run(&self) -> Result<(), RequestError> {
        let mut view = View::new(self.settings.mode, &self.settings.namespace);
        for node in self.list::<Node>("").await? {
            view.node(&node.object_name(), Some(Arc::new(node)));
        }
        for pod in self.list::<Pod>(&self.settings.namespace).await? {
            view.pod(&pod.object_name(), Some(Arc::new(pod)));
        }
        let sets = self
            .list::<DaemonSet>(&self.settings.namespace)
            .await?
            .into_iter();
        let sets: Vec<DaemonSet> = sets.filter(DaemonSet::is_load_balancer).collect();
        let served: BTreeSet<ObjectName> = sets.iter().filter_map(DaemonSet::service).collect();
        for set in &sets {
            self.writer.delete_set(&set.object_name()).await?;
        }
        for service in self.list::<Service>("").await? {
            self.release(&view, service, &served).await?;
        }
        let reporting = view.nodes().values().filter(|node| HostPorts::of(node).is_some());
        for node in reporting {
            withdraw(self.client, &node.metadata.name).await?;
        }
        Ok(())
    }

    /// Carries plans out until the Service needs none. A Service that has changed meanwhile is read again.
    async fn release(
        &self,
        view: &View,
        mut service: Service,
        served: &BTreeSet<ObjectName>,
    ) -> Result<(), RequestError> {
        let name = service.object_name();
        let was_served = served.contains(&name);
        let is_ours = was_served || is_marked(&service) || is_told(&service);
        if !is_ours && !has_finalizer(&service, FINALIZER_LEGACY) {
            return Ok(());
        }
        let sets = DaemonSets::new();
        let planner = Planner::for_removal(view, &sets, self.settings, served);
        for _ in 0..WRITES {
            let Some(plan) = planner.plan(&service) else {
                return Ok(());
            };
            match self.writer.write(&service, &plan).await {
                Err(error) if !error.is_conflict() => return Err(error),
                _ => {}
            }
            let services = Collection::new(self.client.clone(), Resource::of::<Service>());
            service = match services.get(&name).await {
                Err(error) if error.is_not_found() => return Ok(()),
                result => result?,
            };
        }
        Ok(())
    }

    async fn list<T: Object + DeserializeOwned>(&self, namespace: &str) -> Result<Vec<T>, RequestError> {
        let collection = Collection::new(self.client.clone(), Resource::of::<T>());
        collection.list(namespace).await
    }
}
