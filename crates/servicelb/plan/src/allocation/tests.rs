//! Tests of the distribution of ports.

use std::sync::Arc;

use kinglet_model::{IpFamily, NodeAddress, Object as _, Protocol, Taint, TrafficPolicy};

use super::*;
use crate::fitness::Unfit;
use crate::host_ports::HostPorts;
use crate::names::{LABEL_ENABLE, LABEL_EXCLUDE, LABEL_POOL, LABEL_POOL_PREFIX};
use crate::port::{Holder, NodeShare, Port};
use crate::sample::{
    balancer_pod, being_ready, labelled, listening, node, pod, port, reporting, service, slice, texts,
    without_agent,
};
use crate::settings::Mode;

mod kernels;
mod properties;

fn allocate(view: &View) -> Allocation {
    Allocation::of(view)
}

fn share(view: &View, node: &str) -> NodeShare {
    let mut share = Share::new(node.into());
    share.update(view, &Affected::all());
    (**share.get()).clone()
}

fn view() -> View {
    View::new(Mode::Native, "kube-system")
}

fn two_nodes() -> View {
    let view = view().with_node(node("n1", "192.0.2.1"));
    view.with_node(node("n2", "192.0.2.2"))
}

fn of<'a>(allocation: &'a Allocation, name: &str) -> &'a Assignment {
    &allocation.services[&ObjectName::new("default", name)]
}

fn serving(view: &View, name: &str) -> Vec<String> {
    let allocation = allocate(view);
    let names = texts(of(&allocation, name).serving()).into_iter();
    names.map(str::to_owned).collect()
}

fn taken<'a>(assignment: &'a Assignment, node: &str) -> &'a (Port, Holder) {
    let mut taken = assignment.taken();
    taken.find(|(name, _)| &***name == node).unwrap().1
}

fn unfit<'a>(assignment: &'a Assignment, node: &str) -> Option<&'a Unfit> {
    let mut unfit = assignment.unfit();
    unfit.find(|(name, _)| &***name == node).map(|(_, unfit)| unfit)
}

#[test]
fn only_services_without_class_are_ours() {
    let mut classed = service("classed", 1, &[80]);
    classed.load_balancer_class = Some("example.com/lb".into());
    let mut leaving = service("leaving", 2, &[80]);
    leaving.metadata.deletion_timestamp = jiff::Timestamp::from_second(9).ok();
    let mut internal = service("internal", 3, &[80]);
    internal.service_type = kinglet_model::ServiceType::NodePort;
    let mut foreign = service("foreign", 4, &[80]);
    foreign.load_balancer = serde_json::from_str(r#"[{"ip": "198.51.100.7"}]"#).unwrap();
    let mut hostname = service("hostname", 5, &[80]);
    hostname.load_balancer = serde_json::from_str(r#"[{"hostname": "lb.example.com"}]"#).unwrap();
    let others = [classed, leaving, internal, foreign, hostname];
    let view = others.into_iter().fold(two_nodes(), View::with_service);
    let view = view.with_service(service("web", 6, &[80]));
    let names: Vec<String> = allocate(&view).services.keys().map(ToString::to_string).collect();
    assert_eq!(names, ["default/web"]);
    assert_eq!(serving(&view, "web"), ["n1", "n2"]);
}

#[test]
fn a_status_that_k3s_left_is_taken_over() {
    let mut web = service("web", 1, &[80]);
    web.load_balancer = serde_json::from_str(r#"[{"ip": "198.51.100.7"}]"#).unwrap();
    let view = two_nodes().with_service(web.clone());
    assert!(allocate(&view).services.is_empty());
    let view = view.with_pod(balancer_pod(&web, "n1"));
    assert_eq!(serving(&view, "web"), ["n1", "n2"]);
}

#[test]
fn nodes_are_chosen_by_their_properties() {
    let plain = || node("n1", "192.0.2.1");
    let not_ready = being_ready(plain(), false);
    let mut deleting = plain();
    deleting.metadata.deletion_timestamp = jiff::Timestamp::from_second(9).ok();
    let mut tainted = plain();
    let taint = |key: &str| Taint {
        key: key.into(),
        value: "".into(),
        effect: "NoSchedule".into(),
        ..Taint::default()
    };
    tainted.taints = vec![taint("db")];
    let mut cordoned = plain();
    cordoned.taints = vec![taint("node.kubernetes.io/unschedulable")];
    let table = [
        (plain(), None),
        (cordoned, None),
        (not_ready, Some(Unfit::NotReady)),
        (deleting, Some(Unfit::Deleting)),
        (tainted, Some(Unfit::Tainted("db".to_owned()))),
        (labelled(plain(), LABEL_EXCLUDE, ""), Some(Unfit::Excluded)),
        (without_agent(plain()), Some(Unfit::NoAgent)),
        // A list of nodes with only this one.
        (labelled(plain(), LABEL_ENABLE, "true"), None),
        (labelled(plain(), LABEL_ENABLE, "false"), Some(Unfit::NotListed)),
    ];
    for (node, expected) in table {
        let view = view()
            .with_node(node.clone())
            .with_service(service("web", 1, &[80]));
        let allocation = allocate(&view);
        assert_eq!(unfit(of(&allocation, "web"), "n1"), expected.as_ref(), "{node:?}");
        assert_eq!(
            of(&allocation, "web").nodes().count(),
            usize::from(expected.is_none())
        );
    }
}

#[test]
fn one_label_lists_all_nodes_until_the_last_is_gone() {
    let labelled = |value| labelled(node("n2", "192.0.2.2"), LABEL_ENABLE, value);
    let web = service("web", 1, &[80]);
    let plain = two_nodes().with_service(web);
    assert_eq!(serving(&plain, "web"), ["n1", "n2"]);
    let listed = plain.with_node(labelled("true"));
    assert_eq!(serving(&listed, "web"), ["n2"]);
    let nobody = listed.clone().with_node(labelled("false"));
    assert_eq!(serving(&nobody, "web"), [""; 0]);
    assert_eq!(
        serving(&listed.clone().with_node(node("n2", "192.0.2.2")), "web"),
        ["n1", "n2"]
    );
    let mut gone = listed.clone();
    gone.node(&ObjectName::cluster("n2"), None);
    assert_eq!(serving(&gone, "web"), ["n1"]);
    let mut deleting = labelled("true");
    deleting.metadata.deletion_timestamp = jiff::Timestamp::from_second(9).ok();
    assert_eq!(serving(&listed.with_node(deleting), "web"), ["n1"]);
}

#[test]
fn pools_need_no_list_and_nodes_may_be_in_several() {
    let several = |pool: &str| format!("{LABEL_POOL_PREFIX}{pool}");
    let n1 = labelled(node("n1", "192.0.2.1"), LABEL_POOL, "a");
    let n2 = labelled(node("n2", "192.0.2.2"), &several("a"), "true");
    let n2 = labelled(n2, &several("b"), "true");
    let n3 = labelled(node("n3", "192.0.2.3"), &several("b"), "false");
    let pooled = |name: &str, pool: &str, number: u16| {
        let mut service = service(name, 1, &[number]);
        service.metadata.labels.insert(LABEL_POOL.into(), pool.into());
        service
    };
    let view = view().with_node(n1).with_node(n2).with_node(n3);
    let view = view
        .with_service(pooled("a", "a", 80))
        .with_service(pooled("b", "b", 81));
    let view = view.with_service(pooled("none", "", 82));
    assert_eq!(serving(&view, "a"), ["n1", "n2"]);
    assert_eq!(serving(&view, "b"), ["n2"]);
    assert_eq!(serving(&view, "none"), ["n1", "n2", "n3"]);
}

#[test]
fn a_port_belongs_to_the_oldest_service() {
    let both = |ports: &[u16]| {
        let view = two_nodes().with_service(service("young", 2, ports));
        view.with_service(service("old", 1, &[80]))
    };
    let allocation = allocate(&both(&[443, 80]));
    assert_eq!(texts(of(&allocation, "old").nodes()), ["n1", "n2"]);
    let young = of(&allocation, "young");
    assert!(young.nodes().next().is_none());
    let holder = Holder::Service(ObjectName::new("default", "old"));
    assert_eq!(*taken(young, "n1"), (Port::new(Protocol::Tcp, 80), holder));
    assert_eq!(serving(&both(&[443]), "young"), ["n1", "n2"]);
    // Of the same second: the uid decides.
    let mut same = service("young", 2, &[80]);
    same.metadata.creation_timestamp = jiff::Timestamp::from_second(1).ok();
    let view = both(&[80]).with_service(same);
    assert_eq!(serving(&view, "old"), ["n1", "n2"]);
    let mut gone = view;
    gone.service(&ObjectName::new("default", "old"), None);
    assert_eq!(serving(&gone, "young"), ["n1", "n2"]);
}

#[test]
fn protocols_have_ports_of_their_own() {
    let mut dns = service("dns", 1, &[53]);
    dns.ports.push(port(Protocol::Udp, 53));
    let mut other = service("other", 2, &[]);
    other.ports = vec![port(Protocol::Sctp, 53)];
    let view = two_nodes().with_service(dns).with_service(other);
    assert_eq!(serving(&view, "dns"), ["n1", "n2"]);
    assert_eq!(serving(&view, "other"), ["n1", "n2"]);
}

#[test]
fn pods_and_processes_take_ports_from_services() {
    let web = || two_nodes().with_service(service("web", 1, &[80]));
    let view = web().with_node(listening(node("n2", "192.0.2.2"), "tcp:80"));
    let allocation = allocate(&view);
    let assignment = of(&allocation, "web");
    assert_eq!(
        *taken(assignment, "n2"),
        (Port::new(Protocol::Tcp, 80), Holder::Process)
    );
    assert_eq!(texts(of(&allocation, "web").serving()), ["n1"]);

    let nginx = pod("nginx", "n1", &[8080, 80]);
    let view = web().with_pod(nginx.clone());
    assert_eq!(serving(&view, "web"), ["n2"]);
    let mut finished = nginx.clone();
    finished.phase = "Succeeded".into();
    assert_eq!(serving(&view.clone().with_pod(finished), "web"), ["n1", "n2"]);
    let mut gone = view;
    gone.pod(&nginx.object_name(), None);
    assert_eq!(serving(&gone, "web"), ["n1", "n2"]);
    let mut local = nginx;
    for port in &mut local.host_ports {
        port.address = "127.0.0.1".parse().ok();
    }
    assert_eq!(serving(&web().with_pod(local), "web"), ["n1", "n2"]);
}

#[test]
fn with_the_local_policy_ports_are_held_but_served_only_beside_endpoints() {
    let mut web = service("web", 1, &[80]);
    web.external_traffic_policy = TrafficPolicy::Local;
    let view = two_nodes().with_service(web.clone());
    assert_eq!(serving(&view, "web"), [""; 0]);
    assert_eq!(texts(of(&allocate(&view), "web").nodes()), ["n1", "n2"]);
    let view = view.with_slice(slice(&web, "web-1", "n1", Some(true)));
    assert_eq!(serving(&view, "web"), ["n1"]);
    let view = view.with_slice(slice(&web, "web-2", "n2", None));
    assert_eq!(serving(&view, "web"), ["n1", "n2"]);
    let view = view.with_slice(slice(&web, "web-2", "n2", Some(false)));
    assert_eq!(serving(&view, "web"), ["n1"]);
    let mut view = view;
    view.slice(&ObjectName::new("default", "web-1"), None);
    assert_eq!(serving(&view, "web"), [""; 0]);
}

#[test]
fn an_address_that_a_node_has_chooses_the_node() {
    let asking = |address: &str| {
        let mut service = service("web", 1, &[80]);
        service.load_balancer_ip = address.parse().ok();
        service
    };
    let mut second = node("n2", "192.0.2.2");
    second.addresses.push(NodeAddress {
        kind: "ExternalIP".into(),
        address: "198.51.100.2".into(),
    });
    let view = two_nodes().with_node(second);
    let allocation = allocate(&view.clone().with_service(asking("192.0.2.2")));
    assert_eq!(texts(of(&allocation, "web").serving()), ["n2"]);
    assert_eq!(of(&allocation, "web").address, "192.0.2.2".parse().ok());
    for other in ["203.0.113.1", "fd00::1"] {
        assert_eq!(
            serving(&view.clone().with_service(asking(other)), "web"),
            ["n1", "n2"]
        );
    }
    let mut other_family = asking("192.0.2.2");
    other_family.ip_families = vec![IpFamily::V6];
    assert_eq!(serving(&view.with_service(other_family), "web"), ["n1", "n2"]);
}

#[test]
fn while_k3s_is_replaced_its_pods_serve() {
    let web = service("web", 1, &[80]);
    let n1 = without_agent(node("n1", "192.0.2.1"));
    let view = two_nodes().with_node(n1).with_service(web.clone());
    assert_eq!(serving(&view, "web"), ["n2"]);
    let view = view.with_pod(balancer_pod(&web, "n1"));
    assert_eq!(serving(&view, "web"), ["n1", "n2"]);
    assert!(share(&view, "n1").is_empty());
    assert_eq!(share(&view, "n2").len(), 1);
}

#[test]
fn with_daemon_sets_ready_pods_serve() {
    let (old, young) = (service("old", 1, &[80]), service("young", 2, &[80]));
    let mut view = View::new(Mode::DaemonSet, "kube-system");
    for name in ["n1", "n2", "n3"] {
        view = view.with_node(without_agent(node(name, "192.0.2.1")));
    }
    let view = view.with_service(old.clone()).with_service(young.clone());
    let mut starting = balancer_pod(&old, "n2");
    starting.ready = false;
    let view = view.with_pod(balancer_pod(&young, "n1")).with_pod(starting);
    let allocation = allocate(&view);
    // The scheduler was first: age takes nothing away.
    assert_eq!(texts(of(&allocation, "young").serving()), ["n1"]);
    let old = of(&allocation, "old");
    assert!(old.nodes().next().is_none());
    let holder = Holder::Service(young.object_name());
    assert_eq!(*taken(old, "n1"), (Port::new(Protocol::Tcp, 80), holder));
    assert_eq!(
        (unfit(old, "n2"), unfit(old, "n3")),
        (Some(&Unfit::NoPod), Some(&Unfit::NoPod))
    );
}

#[test]
fn agents_serve_until_pods_take_over() {
    let web = service("web", 1, &[80]);
    let mut view = View::new(Mode::DaemonSet, "kube-system");
    view = view.with_node(node("n1", "192.0.2.1")).with_service(web.clone());
    assert_eq!(serving(&view, "web"), ["n1"]);
    assert_eq!(share(&view, "n1").len(), 1);
    let view = view.with_pod(balancer_pod(&web, "n1"));
    assert_eq!(serving(&view, "web"), ["n1"]);
    assert!(share(&view, "n1").is_empty());
}

#[test]
fn what_makes_no_difference_is_not_told() {
    let mut web = service("web", 1, &[80]);
    let mut view = two_nodes().with_service(web.clone());
    let name = |name: &str| ObjectName::cluster(name);
    let mut heartbeat = node("n1", "192.0.2.1");
    heartbeat.metadata.resource_version = "2".into();
    heartbeat.metadata.labels.insert("team".into(), "a".into());
    assert!(
        view.node(&name("n1"), Some(Arc::new(heartbeat.clone())))
            .is_empty()
    );
    // A process' port concerns those who claim it.
    heartbeat = listening(heartbeat, "tcp:81");
    assert!(
        view.node(&name("n1"), Some(Arc::new(heartbeat.clone())))
            .is_empty()
    );
    heartbeat = listening(heartbeat, "tcp:80");
    let affected = view.node(&name("n1"), Some(Arc::new(heartbeat.clone())));
    assert_eq!(affected, Affected::on(&"n1".into(), [web.object_name()].into()));
    heartbeat.addresses[0].address = "192.0.2.9".into();
    assert!(!view.node(&name("n1"), Some(Arc::new(heartbeat))).is_empty());
    let boring = pod("boring", "n1", &[]);
    assert!(view.pod(&boring.object_name(), Some(Arc::new(boring))).is_empty());
    // Endpoints matter with the local policy only, and then if they move.
    let place = slice(&web, "web-1", "n1", Some(true));
    let take = |view: &mut View, slice: &kinglet_model::EndpointSlice| {
        view.slice(&slice.object_name(), Some(Arc::new(slice.clone())))
    };
    assert!(take(&mut view, &place).is_empty());
    web.external_traffic_policy = TrafficPolicy::Local;
    view.service(&web.object_name(), Some(Arc::new(web.clone())));
    assert!(take(&mut view, &place).is_empty());
    assert!(!take(&mut view, &slice(&web, "web-1", "n2", Some(true))).is_empty());
    let mut internal = service("internal", 2, &[80]);
    internal.service_type = kinglet_model::ServiceType::ClusterIP;
    assert!(
        view.service(&internal.object_name(), Some(Arc::new(internal)))
            .is_empty()
    );
}
