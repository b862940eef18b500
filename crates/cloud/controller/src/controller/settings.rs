//! CloudSettings, and the permissions that are needed.

use std::path::Path;
use std::time::Duration;

use kinglet_kube::Election;
use kinglet_kube::access::Permission;
use kinglet_model::ObjectName;

/// Namespace of the Lease.
const NAMESPACE: &str = "kube-system";
/// The Lease of K3s' own cloud controller manager: where both run, only one works.
const LEASE: &str = "k3s-cloud-controller-manager";
const LEASES: &str = "coordination.k8s.io";

/// What the controller must be allowed to do. Events, which it writes as well, may be refused.
pub(crate) const PERMISSIONS: &[Permission] = &[
    node("list", "nodes"),
    node("watch", "nodes"),
    node("patch", "nodes"),
    node("patch", "nodes/status"),
    lease("create", ""),
    lease("get", LEASE),
    lease("update", LEASE),
];

const fn node(verb: &'static str, resource: &'static str) -> Permission {
    Permission {
        verb,
        group: "",
        resource,
        namespace: "",
        name: "",
    }
}

const fn lease(verb: &'static str, name: &'static str) -> Permission {
    Permission {
        verb,
        group: LEASES,
        resource: "leases",
        namespace: NAMESPACE,
        name,
    }
}

/// CloudSettings of a cloud controller manager.
#[derive(Clone, Debug)]
pub struct CloudSettings {
    /// Name of this process in the Events that it writes (`reportingInstance`): the host's name.
    pub instance: String,
    /// The election of the one that works.
    pub election: Election,
    /// How often a Node is looked at although nothing has changed.
    pub refresh: Duration,
    /// For how long a Node may be without an address before that is an Event: its agent starts after its
    /// kubelet.
    pub patience: Duration,
}

impl CloudSettings {
    /// The settings of K3s' cloud controller manager, for a process on this host.
    pub fn new(host: &str) -> Self {
        Self {
            instance: host.to_owned(),
            election: Election::new(ObjectName::new(NAMESPACE, LEASE), host),
            refresh: Duration::from_secs(60),
            patience: Duration::from_secs(20),
        }
    }

    /// With what a process that starts again needs to take its Lease back at once, kept in a directory of
    /// this machine.
    #[must_use]
    pub fn lasting(self, state: &Path) -> Self {
        let election = Election::lasting(self.election.lease.clone(), &self.instance, state);
        Self { election, ..self }
    }
}
