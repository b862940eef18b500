//! Kinds of storage and devices: the groups `storage.k8s.io`, `node.k8s.io` and `resource.k8s.io`. A kubelet
//! is ready only when it can register its CSINode and read CSIDrivers and RuntimeClasses.

use super::kind::{CLUSTER, Group, Kind, NAMESPACED};
use crate::{Behaviour, Columns, defaults, table, validation};

pub(super) const STORAGE: Group = Group {
    group: "storage.k8s.io",
    version: "v1",
    kinds: &[
        Kind {
            kind: "CSIDriver",
            plural: "csidrivers",
            columns: Columns::BuiltIn(table::CSI_DRIVER),
            behaviour: Behaviour {
                default: defaults::storage::csi_driver,
                ..Behaviour::BY_SCHEMA
            },
            ..CLUSTER
        },
        Kind {
            kind: "CSINode",
            plural: "csinodes",
            columns: Columns::BuiltIn(table::CSI_NODE),
            behaviour: Behaviour {
                default: defaults::storage::csi_node,
                ..Behaviour::BY_SCHEMA
            },
            ..CLUSTER
        },
        Kind {
            kind: "CSIStorageCapacity",
            plural: "csistoragecapacities",
            columns: Columns::BuiltIn(table::CSI_STORAGE_CAPACITY),
            behaviour: Behaviour::BY_SCHEMA,
            ..NAMESPACED
        },
        Kind {
            kind: "StorageClass",
            plural: "storageclasses",
            short: &["sc"],
            columns: Columns::BuiltIn(table::STORAGE_CLASS),
            behaviour: Behaviour {
                default: defaults::storage::storage_class,
                validate_update: validation::storage::storage_class_update,
                ..Behaviour::BY_SCHEMA
            },
            ..CLUSTER
        },
        Kind {
            kind: "VolumeAttachment",
            plural: "volumeattachments",
            status: true,
            columns: Columns::BuiltIn(table::VOLUME_ATTACHMENT),
            behaviour: Behaviour::BY_SCHEMA,
            ..CLUSTER
        },
        Kind {
            kind: "VolumeAttributesClass",
            plural: "volumeattributesclasses",
            short: &["vac"],
            columns: Columns::BuiltIn(table::VOLUME_ATTRIBUTES_CLASS),
            behaviour: Behaviour::BY_SCHEMA,
            ..CLUSTER
        },
    ],
};

pub(super) const NODE: Group = Group {
    group: "node.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "RuntimeClass",
        plural: "runtimeclasses",
        columns: Columns::BuiltIn(table::RUNTIME_CLASS),
        behaviour: Behaviour::BY_SCHEMA,
        ..CLUSTER
    }],
};

pub(super) const RESOURCE: Group = Group {
    group: "resource.k8s.io",
    version: "v1",
    kinds: &[
        Kind {
            kind: "DeviceClass",
            plural: "deviceclasses",
            columns: Columns::BuiltIn(table::NAME_AND_AGE),
            behaviour: Behaviour::COUNTED,
            ..CLUSTER
        },
        Kind {
            kind: "ResourceClaim",
            plural: "resourceclaims",
            status: true,
            columns: Columns::BuiltIn(table::RESOURCE_CLAIM),
            behaviour: Behaviour::BY_SCHEMA,
            inert: Some("no controller of this server allocates devices for ResourceClaims"),
            ..NAMESPACED
        },
        Kind {
            kind: "ResourceClaimTemplate",
            plural: "resourceclaimtemplates",
            columns: Columns::BuiltIn(table::NAME_AND_AGE),
            behaviour: Behaviour::BY_SCHEMA,
            ..NAMESPACED
        },
        Kind {
            kind: "ResourceSlice",
            plural: "resourceslices",
            fields: &[
                ("spec.driver", "spec.driver", ""),
                ("spec.nodeName", "spec.nodeName", ""),
            ],
            columns: Columns::BuiltIn(table::RESOURCE_SLICE),
            behaviour: Behaviour::COUNTED,
            ..CLUSTER
        },
    ],
};
