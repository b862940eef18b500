//! The built-in kinds that the embedded API server serves or takes in.

/// Kinds of one version of an API group.
pub(super) struct Group {
    /// Empty for the core group.
    pub(super) group: &'static str,
    pub(super) version: &'static str,
    pub(super) kinds: &'static [&'static str],
}

impl Group {
    /// The package of the group's protobuf messages, without `k8s.io.`.
    pub(super) fn package(&self) -> String {
        let version = self.version;
        match self.group {
            "" => format!("api.core.{version}"),
            "apiextensions.k8s.io" => format!("apiextensions_apiserver.pkg.apis.apiextensions.{version}"),
            "apiregistration.k8s.io" => format!("kube_aggregator.pkg.apis.apiregistration.{version}"),
            group => format!("api.{}.{version}", group.split('.').next().unwrap_or_default()),
        }
    }

    /// The name of the OpenAPI document of the group, without its ending.
    pub(super) fn document(&self) -> String {
        match self.group {
            "" => format!("api__{}", self.version),
            group => format!("apis__{group}__{}", self.version),
        }
    }
}

const fn group(group: &'static str, version: &'static str, kinds: &'static [&'static str]) -> Group {
    Group {
        group,
        version,
        kinds,
    }
}

/// All of them. Lists are added where they exist.
pub(super) const GROUPS: &[Group] = &[
    group(
        "",
        "v1",
        &[
            "ConfigMap",
            "Endpoints",
            "Event",
            "LimitRange",
            "Namespace",
            "Node",
            "PersistentVolume",
            "PersistentVolumeClaim",
            "Pod",
            "PodTemplate",
            "ReplicationController",
            "ResourceQuota",
            "Secret",
            "Service",
            "ServiceAccount",
        ],
    ),
    group(
        "admissionregistration.k8s.io",
        "v1",
        &[
            "MutatingAdmissionPolicy",
            "MutatingAdmissionPolicyBinding",
            "MutatingWebhookConfiguration",
            "ValidatingAdmissionPolicy",
            "ValidatingAdmissionPolicyBinding",
            "ValidatingWebhookConfiguration",
        ],
    ),
    group("apiextensions.k8s.io", "v1", &["CustomResourceDefinition"]),
    group("apiregistration.k8s.io", "v1", &["APIService"]),
    group(
        "apps",
        "v1",
        &[
            "ControllerRevision",
            "DaemonSet",
            "Deployment",
            "ReplicaSet",
            "StatefulSet",
        ],
    ),
    group(
        "authentication.k8s.io",
        "v1",
        &["SelfSubjectReview", "TokenRequest", "TokenReview"],
    ),
    group(
        "authorization.k8s.io",
        "v1",
        &[
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    ),
    group("autoscaling", "v1", &["HorizontalPodAutoscaler", "Scale"]),
    group("autoscaling", "v2", &["HorizontalPodAutoscaler"]),
    group("batch", "v1", &["CronJob", "Job"]),
    group("certificates.k8s.io", "v1", &["CertificateSigningRequest"]),
    group("coordination.k8s.io", "v1", &["Lease"]),
    group("discovery.k8s.io", "v1", &["EndpointSlice"]),
    group("events.k8s.io", "v1", &["Event"]),
    group(
        "flowcontrol.apiserver.k8s.io",
        "v1",
        &["FlowSchema", "PriorityLevelConfiguration"],
    ),
    group(
        "networking.k8s.io",
        "v1",
        &[
            "IPAddress",
            "Ingress",
            "IngressClass",
            "NetworkPolicy",
            "ServiceCIDR",
        ],
    ),
    group("node.k8s.io", "v1", &["RuntimeClass"]),
    group("policy", "v1", &["PodDisruptionBudget"]),
    group(
        "rbac.authorization.k8s.io",
        "v1",
        &["ClusterRole", "ClusterRoleBinding", "Role", "RoleBinding"],
    ),
    group(
        "resource.k8s.io",
        "v1",
        &[
            "DeviceClass",
            "ResourceClaim",
            "ResourceClaimTemplate",
            "ResourceSlice",
        ],
    ),
    group("scheduling.k8s.io", "v1", &["PriorityClass"]),
    group(
        "storage.k8s.io",
        "v1",
        &[
            "CSIDriver",
            "CSINode",
            "CSIStorageCapacity",
            "StorageClass",
            "VolumeAttachment",
            "VolumeAttributesClass",
        ],
    ),
];
