//! The networks that may use a Service's load balancer.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::str::FromStr;

use ipnet::IpNet;
use kinglet_model::Service;
use kinglet_model::wellknown::ANNOTATION_SOURCE_RANGES;

use crate::problem::Problem;

const ACCEPTED: &str = "a network, as in 192.0.2.0/24 or 2001:db8::/32";

/// The networks of `spec.loadBalancerSourceRanges` or, if there are none, of the annotation; empty if nothing
/// is restricted. Sorted, so that their order changes nothing.
pub(crate) fn of(service: &Service) -> Result<BTreeSet<IpNet>, Problem> {
    let field = &service.load_balancer_source_ranges;
    // The field hides the annotation, also where the field is wrong: half of both would let others in.
    if !field.is_empty() {
        let problem = |index| format!("spec.loadBalancerSourceRanges[{index}]");
        let ranges = field.iter().enumerate();
        return ranges
            .map(|(index, text)| parse(text).ok_or_else(|| Problem::new(problem(index), &**text, ACCEPTED)))
            .collect();
    }
    let annotation = service.metadata.annotation(ANNOTATION_SOURCE_RANGES);
    let annotation = annotation.filter(|text| !text.trim().is_empty());
    let parts = annotation.into_iter().flat_map(|text| text.split(','));
    parts
        .map(|text| {
            parse(text).ok_or_else(|| Problem::annotation(ANNOTATION_SOURCE_RANGES, text.trim(), ACCEPTED))
        })
        .collect()
}

/// A network, or an address, which is a network of one.
pub(crate) fn parse(text: &str) -> Option<IpNet> {
    let text = text.trim();
    // As kube-proxy reads them: 10.1.2.3/8 is 10.0.0.0/8.
    let network = IpNet::from_str(text).ok().map(|network| network.trunc());
    network.or_else(|| IpAddr::from_str(text).ok().map(IpNet::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ranges(field: &[&str], annotation: Option<&str>) -> Result<Vec<String>, String> {
        let mut service = Service {
            load_balancer_source_ranges: field.iter().map(|text| (*text).into()).collect(),
            ..Service::default()
        };
        if let Some(text) = annotation {
            let annotations = &mut service.metadata.annotations;
            annotations.insert(ANNOTATION_SOURCE_RANGES.into(), text.into());
        }
        let ranges = of(&service).map_err(|problem| problem.to_string())?;
        Ok(ranges.into_iter().map(|range| range.to_string()).collect())
    }

    #[test]
    fn the_field_comes_before_the_annotation_and_order_does_not_matter() {
        let both = Ok(vec!["10.0.0.0/8".to_owned(), "192.0.2.0/24".to_owned()]);
        assert_eq!(ranges(&[], None), Ok(vec![]));
        assert_eq!(ranges(&[], Some(" ")), Ok(vec![]));
        assert_eq!(ranges(&["192.0.2.7/24", " 10.0.0.0/8"], Some("x")), both);
        assert_eq!(ranges(&["10.0.0.0/8", "192.0.2.0/24"], None), both);
        assert_eq!(ranges(&[], Some("192.0.2.0/24, 10.0.0.0/8")), both);
    }

    #[test]
    fn bad_values_are_named() {
        let error = ranges(&["10.0.0.0/8", "x"], None).unwrap_err();
        assert_eq!(
            error,
            format!("spec.loadBalancerSourceRanges[1]: \"x\" is not {ACCEPTED}")
        );
        let error = ranges(&[], Some("10.0.0.0/8, 10.0.0.0/33")).unwrap_err();
        let field = format!("metadata.annotations[{ANNOTATION_SOURCE_RANGES}]");
        assert_eq!(error, format!("{field}: \"10.0.0.0/33\" is not {ACCEPTED}"));
    }
}
