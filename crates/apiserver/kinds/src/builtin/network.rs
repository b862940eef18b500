//! Kinds of the network: the groups `discovery.k8s.io` and `networking.k8s.io`.

use super::kind::{CLUSTER, Group, Kind, NAMESPACED};
use crate::{Behaviour, Columns, NameRule, defaults, table, validation};

pub(super) const DISCOVERY: Group = Group {
    group: "discovery.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "EndpointSlice",
        plural: "endpointslices",
        columns: Columns::BuiltIn(table::ENDPOINT_SLICE),
        behaviour: Behaviour {
            default: defaults::network::endpoint_slice,
            generation: true,
            validate: validation::endpoints::endpoint_slice,
            validate_update: validation::endpoints::endpoint_slice_update,
            ..Behaviour::NONE
        },
        ..NAMESPACED
    }],
};

pub(super) const NETWORKING: Group = Group {
    group: "networking.k8s.io",
    version: "v1",
    kinds: &[
        Kind {
            kind: "IngressClass",
            plural: "ingressclasses",
            columns: Columns::BuiltIn(table::INGRESS_CLASS),
            behaviour: Behaviour {
                default: defaults::network::ingress_class,
                generation: true,
                validate: validation::ingress::ingress_class,
                validate_update: validation::ingress::ingress_class_update,
                ..Behaviour::NONE
            },
            ..CLUSTER
        },
        Kind {
            kind: "Ingress",
            plural: "ingresses",
            short: &["ing"],
            status: true,
            columns: Columns::BuiltIn(table::INGRESS),
            behaviour: Behaviour {
                default: defaults::network::ingress,
                generation: true,
                validate: validation::ingress::ingress,
                validate_new: validation::ingress::new_ingress,
                validate_status: validation::ingress::ingress_status,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "IPAddress",
            plural: "ipaddresses",
            short: &["ip"],
            // Names are addresses, of which IPv6 has colons.
            name: NameRule::PathSegment,
            columns: Columns::BuiltIn(table::IP_ADDRESS),
            behaviour: Behaviour::BY_SCHEMA,
            inert: Some(
                "this server allocates cluster IPs without IPAddress objects: they are stored, not read",
            ),
            ..CLUSTER
        },
        Kind {
            kind: "NetworkPolicy",
            plural: "networkpolicies",
            short: &["netpol"],
            columns: Columns::BuiltIn(table::NETWORK_POLICY),
            behaviour: Behaviour {
                default: defaults::network::network_policy,
                generation: true,
                validate: validation::policy::network_policy,
                ..Behaviour::NONE
            },
            ..NAMESPACED
        },
        Kind {
            kind: "ServiceCIDR",
            plural: "servicecidrs",
            status: true,
            columns: Columns::BuiltIn(table::SERVICE_CIDR),
            behaviour: Behaviour::BY_SCHEMA,
            inert: Some(
                "this server takes cluster IPs from --service-cidr: ServiceCIDRs are stored, not read",
            ),
            ..CLUSTER
        },
    ],
};
