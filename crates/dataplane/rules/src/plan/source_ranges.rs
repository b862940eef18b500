//! Which networks may use a load balancer's addresses.

use ipnet::IpNet;
use kinglet_model::{IpFamily, Object, Service, ServiceType, wellknown};

use crate::problem::{Problem, Problems};

/// What is accepted as a range.
const ACCEPTED: &str = "a network such as 192.0.2.0/24";

/// Networks of the family; nothing if there is no restriction. A list that has networks of the other family
/// only lets nobody in.
pub(super) fn of(service: &Service, family: IpFamily) -> Option<Vec<IpNet>> {
    let texts = texts(service);
    if texts.is_empty() {
        return None;
    }
    let networks = texts.iter().filter_map(|(_, text)| text.parse::<IpNet>().ok());
    let fitting = networks.filter(|network| IpFamily::of(network.addr()) == family);
    let fitting: Vec<_> = fitting.map(|network| network.trunc()).collect();
    // The kernel refuses sets whose intervals overlap.
    Some(IpNet::aggregate(&fitting))
}

/// Reports ranges that are none.
pub(super) fn check(service: &Service, problems: &mut Vec<Problem>) {
    let mut problems = Problems::of("Service", service.object_name(), problems);
    for (field, text) in texts(service) {
        if text.parse::<IpNet>().is_err() {
            problems.add(field, text, ACCEPTED);
        }
    }
}

/// The ranges as written, with where. An annotation counts if the field is empty.
fn texts(service: &Service) -> Vec<(String, &str)> {
    if service.service_type != ServiceType::LoadBalancer {
        return Vec::new();
    }
    let field = service.load_balancer_source_ranges.iter().enumerate();
    let field: Vec<_> = field
        .map(|(index, text)| (format!("spec.loadBalancerSourceRanges[{index}]"), text.trim()))
        .collect();
    if !field.is_empty() {
        return field;
    }
    let annotation = wellknown::ANNOTATION_SOURCE_RANGES;
    let texts = service
        .metadata
        .annotation(annotation)
        .unwrap_or_default()
        .split(',');
    let texts = texts.map(str::trim).filter(|text| !text.is_empty());
    texts
        .map(|text| (format!("metadata.annotations[{annotation}]"), text))
        .collect()
}
