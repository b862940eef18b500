//! The environment of a pod's container, with the ConfigMaps and Secrets that it needs.

use kinglet_kube::RequestError;

use super::context::{DataKind, PodContext};
use super::environment::{self, EnvironmentError, Sources};
use super::spec::Container;

/// An environment that cannot be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum VariablesError {
    #[error(transparent)]
    Request(#[from] RequestError),
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
}

/// The environment of a container, from the cluster's present state.
pub(crate) async fn variables(
    context: &PodContext,
    container: &Container,
) -> Result<Vec<(String, String)>, VariablesError> {
    let PodContext { node, pod, place, .. } = context;
    let (config_maps, secrets) = environment::references(container);
    let namespace = &pod.metadata.namespace;
    let config_maps = node.data(DataKind::ConfigMap, namespace, &config_maps).await?;
    let secrets = node.data(DataKind::Secret, namespace, &secrets).await?;
    let sources = Sources {
        pod,
        addresses: &place.description.addresses,
        hosts: &node.network.addresses,
        cluster: &node.cluster.variables,
        config_maps: &config_maps,
        secrets: &secrets,
    };
    Ok(environment::environment(container, &sources)?)
}
