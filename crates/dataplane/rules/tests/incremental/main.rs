//! Whatever happened, the rules are those of the present objects.

#![allow(clippy::unwrap_used, reason = "tests")]

mod events;

use std::sync::Arc;

use kinglet_dataplane::Services;
use kinglet_model::{EndpointSlice, Service};
use kinglet_nft::{Batch, Ownership};
use proptest::prelude::*;
use serde_json::json;

use events::{Present, event, settings};

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn changes_lead_where_a_fresh_start_does(steps in prop::collection::vec((event(), any::<bool>()), 1..40)) {
        let mut changed = Services::new(settings(), Ownership::Shared);
        let mut present = Present::default();
        for (event, computed) in &steps {
            event.apply(&mut changed);
            present.note(event);
            if *computed {
                changed.batches();
            }
        }
        changed.batches();
        let mut fresh = Services::new(settings(), Ownership::Shared);
        for event in present.events() {
            event.apply(&mut fresh);
        }
        fresh.batches();
        prop_assert_eq!(changed.ruleset(), fresh.ruleset());
        prop_assert!(changed.batches().is_empty());
    }

    #[test]
    fn the_same_object_again_is_no_change(steps in prop::collection::vec(event(), 1..40)) {
        let mut services = Services::new(settings(), Ownership::Shared);
        for event in &steps {
            event.apply(&mut services);
            services.batches();
            event.apply(&mut services);
            prop_assert!(services.batches().is_empty());
        }
    }
}

#[test]
fn a_change_touches_only_its_own_service() {
    let mut services = Services::new(settings(), Ownership::Shared);
    for number in 0..200 {
        services.apply_service(Arc::new(service(number)));
        services.apply_endpoint_slice(Arc::new(slice(number, &["10.42.0.1", "10.42.0.2"])));
    }
    assert!(services.replacement().len() > 20);
    // One endpoint for another: its element, and those of its address.
    services.apply_endpoint_slice(Arc::new(slice(7, &["10.42.0.1", "10.42.0.3"])));
    let messages = self::messages(&mut services);
    assert!(messages <= 4, "{messages} messages");
    // One more: the chain, too, which is the first for that many.
    services.apply_endpoint_slice(Arc::new(slice(7, &["10.42.0.1", "10.42.0.3", "10.42.0.4"])));
    let messages = self::messages(&mut services);
    assert!(messages <= 9, "{messages} messages");
}

#[test]
fn slices_that_labels_leave_to_others_are_not_served() {
    let mut services = Services::new(settings(), Ownership::Shared);
    services.apply_service(Arc::new(service(7)));
    let labelled = |label: Option<&str>| {
        let mut slice = slice(7, &["10.42.0.1"]);
        let labels = &mut slice.metadata.labels;
        labels.extend(label.map(|label| (label.into(), "".into())));
        Arc::new(slice)
    };
    for label in [
        "service.kubernetes.io/headless",
        "service.kubernetes.io/service-proxy-name",
    ] {
        for (label, served) in [(Some(label), false), (None, true), (Some(label), false)] {
            services.apply_endpoint_slice(labelled(label));
            services.batches();
            let ruleset = format!("{:?}", services.ruleset());
            assert_eq!(ruleset.contains("10.42.0.1"), served, "{label:?}");
        }
    }
}

fn messages(services: &mut Services) -> usize {
    services.batches().iter().map(Batch::len).sum()
}

fn service(number: u8) -> Service {
    let service = json!({
        "metadata": {"name": format!("s{number}"), "namespace": "default"},
        "spec": {"clusterIP": format!("10.43.0.{number}"), "ports": [{"port": 80}]},
    });
    serde_json::from_value(service).unwrap()
}

fn slice(number: u8, addresses: &[&str]) -> EndpointSlice {
    let name = format!("s{number}");
    let endpoints = addresses
        .iter()
        .map(|address| json!({"addresses": [address], "nodeName": "here"}));
    let slice = json!({
        "metadata": {"name": name, "namespace": "default", "labels": {"kubernetes.io/service-name": name}},
        "addressType": "IPv4",
        "endpoints": endpoints.collect::<Vec<_>>(),
        "ports": [{"name": "", "port": 8080}],
    });
    serde_json::from_value(slice).unwrap()
}
