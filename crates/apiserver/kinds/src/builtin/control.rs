//! Kinds by which an API server is told what to admit, to forward and to sign: the groups
//! `admissionregistration.k8s.io`, `apiregistration.k8s.io`, `certificates.k8s.io` and
//! `flowcontrol.apiserver.k8s.io`. They are stored, so that charts install; this server does not act on them.

use super::kind::{CLUSTER, Group, Kind};
use crate::{Behaviour, Columns, defaults, table};

const API_EXTENSIONS: &[&str] = &["api-extensions"];
const NO_WEBHOOKS: &str =
    "this server calls no admission webhooks: the configuration is stored, not enforced";
const NO_POLICIES: &str = "this server evaluates no admission policies: the object is stored, not enforced";

pub(super) const ADMISSION: Group = Group {
    group: "admissionregistration.k8s.io",
    version: "v1",
    kinds: &[
        Kind {
            kind: "MutatingAdmissionPolicy",
            plural: "mutatingadmissionpolicies",
            columns: Columns::BuiltIn(table::MUTATING_ADMISSION_POLICY),
            ..POLICY
        },
        Kind {
            kind: "MutatingAdmissionPolicyBinding",
            plural: "mutatingadmissionpolicybindings",
            ..BINDING
        },
        Kind {
            kind: "MutatingWebhookConfiguration",
            plural: "mutatingwebhookconfigurations",
            behaviour: Behaviour {
                default: defaults::control::mutating_webhooks,
                ..Behaviour::COUNTED
            },
            ..WEBHOOKS
        },
        Kind {
            kind: "ValidatingAdmissionPolicy",
            plural: "validatingadmissionpolicies",
            status: true,
            columns: Columns::BuiltIn(table::VALIDATING_ADMISSION_POLICY),
            ..POLICY
        },
        Kind {
            kind: "ValidatingAdmissionPolicyBinding",
            plural: "validatingadmissionpolicybindings",
            ..BINDING
        },
        Kind {
            kind: "ValidatingWebhookConfiguration",
            plural: "validatingwebhookconfigurations",
            behaviour: Behaviour {
                default: defaults::control::validating_webhooks,
                ..Behaviour::COUNTED
            },
            ..WEBHOOKS
        },
    ],
};

const POLICY: Kind = Kind {
    categories: API_EXTENSIONS,
    behaviour: Behaviour {
        default: defaults::control::admission_policy,
        ..Behaviour::COUNTED
    },
    inert: Some(NO_POLICIES),
    ..CLUSTER
};
const BINDING: Kind = Kind {
    categories: API_EXTENSIONS,
    columns: Columns::BuiltIn(table::ADMISSION_POLICY_BINDING),
    behaviour: Behaviour {
        default: defaults::control::admission_policy_binding,
        ..Behaviour::COUNTED
    },
    inert: Some(NO_POLICIES),
    ..CLUSTER
};
const WEBHOOKS: Kind = Kind {
    categories: API_EXTENSIONS,
    columns: Columns::BuiltIn(table::WEBHOOK_CONFIGURATION),
    inert: Some(NO_WEBHOOKS),
    ..CLUSTER
};

pub(super) const API_REGISTRATION: Group = Group {
    group: "apiregistration.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "APIService",
        plural: "apiservices",
        categories: API_EXTENSIONS,
        status: true,
        columns: Columns::BuiltIn(table::API_SERVICE),
        behaviour: Behaviour {
            default: defaults::control::api_service,
            ..Behaviour::BY_SCHEMA
        },
        inert: Some("this server forwards no requests: the kinds of the APIService are not served"),
        ..CLUSTER
    }],
};

pub(super) const CERTIFICATES: Group = Group {
    group: "certificates.k8s.io",
    version: "v1",
    kinds: &[Kind {
        kind: "CertificateSigningRequest",
        plural: "certificatesigningrequests",
        short: &["csr"],
        status: true,
        fields: &[("spec.signerName", "spec.signerName", "")],
        columns: Columns::BuiltIn(table::CERTIFICATE_SIGNING_REQUEST),
        behaviour: Behaviour::BY_SCHEMA,
        inert: Some(
            "this server signs no certificates: a CertificateSigningRequest waits for a signer of its own",
        ),
        ..CLUSTER
    }],
};

pub(super) const FLOW_CONTROL: Group = Group {
    group: "flowcontrol.apiserver.k8s.io",
    version: "v1",
    kinds: &[
        Kind {
            kind: "FlowSchema",
            plural: "flowschemas",
            columns: Columns::BuiltIn(table::FLOW_SCHEMA),
            behaviour: Behaviour {
                default: defaults::control::flow_schema,
                ..Behaviour::COUNTED
            },
            ..FLOW
        },
        Kind {
            kind: "PriorityLevelConfiguration",
            plural: "prioritylevelconfigurations",
            columns: Columns::BuiltIn(table::PRIORITY_LEVEL_CONFIGURATION),
            behaviour: Behaviour {
                default: defaults::control::priority_level,
                ..Behaviour::COUNTED
            },
            ..FLOW
        },
    ],
};

const FLOW: Kind = Kind {
    status: true,
    inert: Some("this server has no priority and fairness: the object is stored, not enforced"),
    ..CLUSTER
};
