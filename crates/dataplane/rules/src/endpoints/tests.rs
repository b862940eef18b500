//! Tables of endpoints and who of them is selected.

use kinglet_model::{
    AddressType, Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice, IpFamily, Protocol,
};

use super::*;

/// An endpoint in short: `ADDRESS [@NODE] [ready|starting|draining|ended] [zone=ZONE]... [node=NODE]...`.
fn endpoint(text: &str) -> Endpoint {
    let mut words = text.split(' ');
    let mut endpoint = Endpoint {
        addresses: words.next().map(Into::into).into_iter().collect(),
        ..Endpoint::default()
    };
    for word in words {
        let conditions = |ready, serving, terminating| {
            EndpointConditions::new(Some(ready), Some(serving), Some(terminating))
        };
        match word.split_once('=') {
            Some(("zone", zone)) => endpoint.hints.for_zones.push(zone.into()),
            Some((_, node)) => endpoint.hints.for_nodes.push(node.into()),
            None if word.starts_with('@') => endpoint.node_name = Some(word[1..].into()),
            None => {
                endpoint.conditions = match word {
                    "ready" => conditions(true, true, false),
                    "starting" => conditions(false, false, false),
                    "draining" => conditions(false, true, true),
                    _ => conditions(false, false, true),
                }
            }
        }
    }
    endpoint
}

fn slice(endpoints: &[&str]) -> EndpointSlice {
    EndpointSlice {
        endpoints: endpoints.iter().map(|text| endpoint(text)).collect(),
        ports: vec![EndpointPort {
            name: "http".into(),
            port: Some(8080),
            ..EndpointPort::default()
        }],
        ..EndpointSlice::default()
    }
}

const HTTP: Wanted<'static> = Wanted {
    port: "http",
    protocol: Protocol::Tcp,
    family: IpFamily::V4,
};

fn selected(endpoints: &[&str]) -> Selected {
    let slice = slice(endpoints);
    let topology = NodeTopology {
        node: "here".into(),
        zone: Some("a".into()),
    };
    select(&candidates([&slice], HTTP, &mut Vec::new()), &topology)
}

fn last_octets(backends: &BTreeSet<Backend>) -> String {
    let octets = backends.iter().map(|backend| backend.address.to_string());
    let octets: Vec<_> = octets
        .map(|text| text.rsplit('.').next().unwrap_or_default().to_owned())
        .collect();
    octets.join(" ")
}

/// Endpoints, the last octets of those of the cluster, of those of the node.
type Case = (&'static [&'static str], &'static str, &'static str);

const CASES: &[Case] = &[
    (&[], "", ""),
    (&["10.0.0.1", "10.0.0.2 @here"], "1 2", "2"),
    (
        &[
            "10.0.0.1 ready",
            "10.0.0.2 starting",
            "10.0.0.3 draining",
            "10.0.0.4 ended",
        ],
        "1",
        "",
    ),
    // Nobody is ready: those that still serve do.
    (
        &["10.0.0.2 starting", "10.0.0.3 draining", "10.0.0.4 ended"],
        "3",
        "",
    ),
    // The node falls back apart from the cluster.
    (&["10.0.0.1 ready", "10.0.0.3 @here draining"], "1", "3"),
    // Zones.
    (
        &["10.0.0.1 zone=a", "10.0.0.2 zone=b", "10.0.0.3 zone=b zone=a"],
        "1 3",
        "",
    ),
    (&["10.0.0.1 zone=a", "10.0.0.2 @here"], "1 2", "2"),
    (&["10.0.0.1 zone=b", "10.0.0.2 zone=c"], "1 2", ""),
    // The node's endpoints are not narrowed down.
    (&["10.0.0.1 zone=a", "10.0.0.2 @here zone=b"], "1", "2"),
    // Hints of endpoints that are not ready do not count.
    (&["10.0.0.1 zone=a", "10.0.0.2 starting"], "1", ""),
    (
        &["10.0.0.1 draining zone=b", "10.0.0.2 draining zone=a"],
        "1 2",
        "",
    ),
    // Nodes come before zones.
    (
        &["10.0.0.1 node=here zone=b", "10.0.0.2 node=there zone=a"],
        "1",
        "",
    ),
    (
        &["10.0.0.1 node=else zone=b", "10.0.0.2 node=there zone=a"],
        "2",
        "",
    ),
];

#[test]
fn endpoints_are_selected() {
    for (endpoints, cluster, local) in CASES {
        let selected = selected(endpoints);
        assert_eq!(
            last_octets(&selected.cluster),
            *cluster,
            "cluster of {endpoints:?}"
        );
        assert_eq!(last_octets(&selected.local), *local, "node of {endpoints:?}");
    }
}

#[test]
fn addresses_of_the_node_are_known() {
    let selected = selected(&[
        "10.0.0.1 @here",
        "10.0.0.2 @there",
        "10.0.0.3",
        "10.0.0.4 @here ended",
    ]);
    let octets = |addresses: &BTreeSet<IpAddr>| format!("{addresses:?}");
    assert_eq!(octets(&selected.here), "{10.0.0.1, 10.0.0.4}");
    assert_eq!(octets(&selected.hairpin), "{10.0.0.1, 10.0.0.3, 10.0.0.4}");
}

#[test]
fn bad_endpoints_are_left_out_and_named() {
    let mut bad = slice(&[
        "10.0.0.1",
        "10.0.0.256",
        "fd00::1",
        "127.0.0.1",
        "0.0.0.0",
        "224.0.0.1",
    ]);
    bad.metadata.name = "web-1".into();
    bad.metadata.namespace = "default".into();
    let mut problems = Vec::new();
    let found = candidates([&bad], HTTP, &mut problems);
    assert_eq!(found.len(), 1);
    let texts: Vec<_> = problems.iter().map(ToString::to_string).collect();
    assert_eq!(texts.len(), 5);
    assert_eq!(
        texts[0],
        "EndpointSlice default/web-1 endpoints[1].addresses[0]: \"10.0.0.256\" is not an IPv4 address of one \
         machine, not of the loopback network; it is left out"
    );
}

#[test]
fn ports_are_found_by_name_and_protocol() {
    let with = |name: &str, protocol, port| {
        let mut slice = slice(&["10.0.0.1"]);
        slice.ports[0] = EndpointPort {
            name: name.into(),
            protocol,
            port,
            ..EndpointPort::default()
        };
        let mut problems = Vec::new();
        (candidates([&slice], HTTP, &mut problems).len(), problems.len())
    };
    assert_eq!(with("http", Protocol::Tcp, Some(80)), (1, 0));
    assert_eq!(with("http", Protocol::Udp, Some(80)), (0, 0));
    assert_eq!(with("", Protocol::Tcp, Some(80)), (0, 0));
    assert_eq!(with("http", Protocol::Tcp, None), (0, 0));
    assert_eq!(with("http", Protocol::Tcp, Some(0)), (0, 1));
}

#[test]
fn slices_of_other_families_are_passed_over() {
    let mut other = slice(&["fd00::1"]);
    other.address_type = AddressType::IPv6;
    other.endpoints[0].hints = EndpointHints::default();
    let mut problems = Vec::new();
    assert!(candidates([&other], HTTP, &mut problems).is_empty());
    assert!(problems.is_empty());
}
