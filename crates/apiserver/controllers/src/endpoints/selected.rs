//! EndpointSlices of Services that select Pods.

use std::sync::Arc;

use super::objects::{Pod, Service, Slice};
use super::pods::{Zones, groups};
use super::write::{Template, Write, labels};

/// `endpointslice.kubernetes.io/managed-by` of these slices.
const CONTROLLER: &str = "endpointslice-controller.k8s.io";
/// Endpoints per slice (default of `--max-endpoints-per-slice`).
const MOST: usize = 100;

/// The writes that a Service with a selector needs, given the Pods that it selects and its slices.
pub(super) fn plan(
    service: &Service,
    pods: &[Arc<Pod>],
    zones: Zones<'_>,
    slices: &[Arc<Slice>],
) -> Vec<Write> {
    let meta = &service.metadata;
    let template = Template {
        namespace: meta.namespace.clone(),
        prefix: format!("{}-", meta.name).into(),
        controller: CONTROLLER,
        labels: labels(&meta.labels, &meta.name, CONTROLLER, service.is_headless()),
        annotations: None,
        owner_kind: "Service",
        owner_name: meta.name.clone(),
        owner_uid: meta.uid.clone(),
        most: MOST,
        placeholder: true,
    };
    template.reconcile(groups(service, pods, zones), slices)
}
