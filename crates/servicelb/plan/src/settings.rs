//! Settings of the controller.

/// How load balancers are served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Mode {
    /// By the data plane of Kinglet's node agents.
    #[default]
    Native,
    /// By the Pods of a DaemonSet for each Service, as K3s does.
    DaemonSet,
}

/// Settings of the controller.
#[derive(Clone, Debug)]
pub struct ServiceLbSettings {
    /// Namespace of DaemonSets, their Pods and their ServiceAccount (`--servicelb-namespace`). Those that K3s
    /// left are looked for there, too.
    pub namespace: String,
    /// How load balancers are served (`--servicelb-mode`).
    pub mode: Mode,
    /// For [`Mode::DaemonSet`].
    pub pods: PodSettings,
    /// Name of this process in the Events that it writes (`reportingInstance`): the host's name.
    pub instance: String,
}

/// Settings of the Pods of DaemonSets.
#[derive(Clone, Debug)]
pub struct PodSettings {
    /// Image with the program `kinglet`.
    pub image: String,
    /// Their priority class, unless an annotation of the Service names another; none if empty.
    pub priority_class: String,
}

impl Default for ServiceLbSettings {
    fn default() -> Self {
        Self {
            namespace: "kube-system".to_owned(),
            mode: Mode::Native,
            pods: PodSettings::default(),
            instance: "localhost".to_owned(),
        }
    }
}

impl Default for PodSettings {
    fn default() -> Self {
        Self {
            image: concat!("ghcr.io/kinglet-io/kinglet:", env!("CARGO_PKG_VERSION")).to_owned(),
            priority_class: "system-node-critical".to_owned(),
        }
    }
}
