//! What `kinglet server` and `kinglet demo` set.

use std::path::PathBuf;

use kinglet_config::{
    ClusterOptions, Component, DisableOptions, ListenOptions, PublishOptions, ServiceLbServerOptions,
};

/// Where the Kubernetes API comes from.
pub(crate) enum Source {
    /// The embedded API server, on a data directory.
    Embedded(PathBuf),
    /// The cluster of a kubeconfig, or the one that the environment names.
    Cluster(Option<PathBuf>),
}

/// How a server is started.
pub(crate) struct ServerSettings {
    pub(crate) source: Source,
    pub(crate) manifests: Option<PathBuf>,
    pub(crate) listen: ListenOptions,
    pub(crate) publish: PublishOptions,
    pub(crate) cluster: ClusterOptions,
    pub(crate) components: DisableOptions,
    /// Whether Kinglet is the cluster's cloud controller.
    pub(crate) cloud_controller: bool,
    pub(crate) servicelb: Option<ServiceLbServerOptions>,
}

impl ServerSettings {
    /// Whether this is the only server: the cluster is in this process.
    pub(crate) fn is_alone(&self) -> bool {
        matches!(self.source, Source::Embedded(_))
    }

    /// Whether a component shall run.
    pub(crate) fn runs(&self, component: Component) -> bool {
        self.components.runs(component)
    }
}
