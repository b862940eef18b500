//! Tests of plans: what is written, in which order, and what is told.

use std::sync::Arc;

use kinglet_model::{IpFamily, NodeAddress, ServiceType, TrafficPolicy};

use super::*;
use crate::names::{ANNOTATION_TOLERATIONS, CONDITION, CONDITION_PORTS, FINALIZER, FINALIZER_LEGACY};
use crate::sample::{balancer_pod, confirming, node, service, slice, unconfirmed, without_agent};
use crate::settings::Mode;
use crate::status::Status;

fn settings(mode: Mode) -> ServiceLbSettings {
    ServiceLbSettings {
        mode,
        ..ServiceLbSettings::default()
    }
}

fn view(mode: Mode) -> View {
    View::new(mode, "kube-system").with_node(node("n1", "192.0.2.1"))
}

fn plan(view: &View, sets: &DaemonSets, name: &str) -> Option<ServicePlan> {
    let settings = settings(view.mode);
    let allocation = Allocation::of(view);
    let planner = Planner::new(view, &allocation, sets, &settings);
    planner.plan(&view.services()[&ObjectName::new("default", name)])
}

/// Carries a step out, as the API server would.
fn carry_out(mut view: View, mut sets: DaemonSets, service: &str, step: Step) -> (View, DaemonSets) {
    let name = ObjectName::new("default", service);
    let mut service = (*view.services()[&name]).clone();
    match step {
        Step::Finalizers(finalizers) => service.metadata.finalizers = finalizers,
        Step::Status { from, to } => {
            assert_eq!(Status::present(&service), *from);
            service.load_balancer = to.ingress;
            service.conditions.retain(|one| &*one.kind != CONDITION);
            service.conditions.retain(|one| &*one.kind != CONDITION_PORTS);
            service
                .conditions
                .extend(to.condition.into_iter().chain(to.ports));
        }
        Step::Apply { set, .. } => {
            let mut set: DaemonSet = serde_json::from_value(set).unwrap();
            set.metadata.resource_version = "1".into();
            sets.insert(set.object_name(), Arc::new(set));
        }
        Step::Delete(set) => {
            sets.remove(&set);
        }
        Step::Tell => {}
    }
    view.service(&name, Some(Arc::new(service)));
    (view, sets)
}

/// Carries plans out until there are no more; answers the reasons of all Events.
fn settle(mut view: View, mut sets: DaemonSets, service: &str) -> (View, DaemonSets, Vec<&'static str>) {
    let mut reasons = Vec::new();
    for _ in 0..10 {
        let Some(plan) = plan(&view, &sets, service) else {
            return (view, sets, reasons);
        };
        reasons.extend(plan.notes.iter().map(|note| note.reason));
        if plan.step == Step::Tell {
            return (view, sets, reasons);
        }
        (view, sets) = carry_out(view, sets, service, plan.step);
    }
    panic!("plans do not end");
}

fn present(view: &View, name: &str) -> Service {
    (*view.services()[&ObjectName::new("default", name)]).clone()
}

fn ips(service: &Service) -> Vec<&str> {
    let entries = service.load_balancer.iter();
    entries.filter_map(|entry| entry.ip.as_deref()).collect()
}

#[test]
fn a_new_service_gets_a_finalizer_and_then_a_status() {
    let start = view(Mode::Native).with_service(service("web", 1, &[80]));
    let first = plan(&start, &DaemonSets::new(), "web").unwrap();
    assert_eq!(first.step, Step::Finalizers(vec![FINALIZER.into()]));
    let (view, sets, reasons) = settle(start, DaemonSets::new(), "web");
    assert_eq!(reasons, ["EnsuringLoadBalancer", "UpdatedLoadBalancer"]);
    assert!(sets.is_empty());
    let web = present(&view, "web");
    assert_eq!(ips(&web), ["192.0.2.1"]);
    assert_eq!(web.load_balancer[0].ip_mode.as_deref(), Some("VIP"));
    assert_eq!(web.load_balancer[0].ports.len(), 1);
    assert!(web.conditions[0].is_true());
    assert_eq!(plan(&view, &sets, "web"), None);
}

#[test]
fn addresses_follow_the_node() {
    let (view, _, _) = settle(
        view(Mode::Native).with_service(service("web", 1, &[80])),
        DaemonSets::new(),
        "web",
    );
    let with_external = |address: &str| {
        let mut node = node("n1", "192.0.2.1");
        node.addresses.push(NodeAddress {
            kind: "ExternalIP".into(),
            address: address.into(),
        });
        node
    };
    for address in ["1.2.3.4", "2.3.4.5"] {
        let plan = plan(
            &view.clone().with_node(with_external(address)),
            &DaemonSets::new(),
            "web",
        )
        .unwrap();
        let text = format!("Updated LoadBalancer with new IPs: [192.0.2.1] -> [{address}]");
        assert_eq!(plan.notes, [Note::normal("UpdatedLoadBalancer", text)]);
    }
}

#[test]
fn statuses_of_old_api_servers_are_the_same() {
    let (view, sets, _) = settle(
        view(Mode::Native).with_service(service("web", 1, &[80])),
        DaemonSets::new(),
        "web",
    );
    let mut web = present(&view, "web");
    web.load_balancer[0].ip_mode = None;
    assert_eq!(plan(&view.with_service(web), &sets, "web"), None);
}

#[test]
fn conditions_tell_why() {
    let local = |mut service: Service| {
        service.external_traffic_policy = TrafficPolicy::Local;
        service
    };
    let v6 = |mut service: Service| {
        service.ip_families = vec![IpFamily::V6];
        service
    };
    let web = || service("web", 5, &[80]);
    let no_nodes = View::new(Mode::Native, "kube-system");
    let agentless = no_nodes.clone().with_node(without_agent(node("n1", "192.0.2.1")));
    let held = view(Mode::Native).with_service(service("old", 1, &[80]));
    let table = [
        (no_nodes.with_service(web()), "NoNodes", "there are no nodes"),
        (
            agentless.with_service(web()),
            "NoNodes",
            "node n1 is without an agent",
        ),
        (
            held.with_service(web()),
            "PortsInUse",
            "TCP 80 on node n1 is held by Service default/old",
        ),
        (
            view(Mode::Native).with_service(local(web())),
            "NoEndpoints",
            "no ready endpoint on 1 node, and externalTrafficPolicy is Local",
        ),
        (
            view(Mode::Native).with_service(v6(web())),
            "NoAddresses",
            "the nodes that serve have no address of its IP families",
        ),
    ];
    for (view, reason, message) in table {
        let (view, _, reasons) = settle(view, DaemonSets::new(), "web");
        let condition = present(&view, "web").conditions[0].clone();
        assert_eq!((&*condition.reason, &*condition.message), (reason, message));
        assert!(!condition.is_true());
        assert_eq!(reasons, ["EnsuringLoadBalancer", "UnAvailableLoadBalancer"]);
    }
}

#[test]
fn nodes_whose_ports_are_held_are_named_but_not_all() {
    let mut view = view(Mode::Native).with_service(service("web", 1, &[80]));
    for name in ["m1", "m2", "m3", "m4", "m5"] {
        view = view.with_node(crate::sample::listening(node(name, "192.0.2.9"), "tcp:80"));
    }
    let (view, _, reasons) = settle(view, DaemonSets::new(), "web");
    let message = &present(&view, "web").conditions[0].message;
    assert!(message.starts_with("Served by 1 node; TCP 80 on node m1 is held by a process of the node, "));
    assert!(message.ends_with(", and more on 2 nodes"), "{message}");
    assert_eq!(
        reasons,
        ["EnsuringLoadBalancer", "UpdatedLoadBalancer", "PortInUse"]
    );
}

#[test]
fn a_service_that_is_no_load_balancer_any_more_is_cleaned_up() {
    let (view, _, _) = settle(
        view(Mode::Native).with_service(service("web", 1, &[80])),
        DaemonSets::new(),
        "web",
    );
    let mut internal = present(&view, "web");
    internal.service_type = ServiceType::ClusterIP;
    internal.metadata.finalizers.push("example.com/other".into());
    let (cleaned, _, reasons) = settle(view.clone().with_service(internal), DaemonSets::new(), "web");
    let web = present(&cleaned, "web");
    assert_eq!(reasons, ["DeletingLoadBalancer", "DeletedLoadBalancer"]);
    assert_eq!(web.metadata.finalizers, ["example.com/other".into()]);
    assert!(web.load_balancer.is_empty() && web.conditions.is_empty());

    let mut leaving = present(&view, "web");
    leaving.metadata.deletion_timestamp = jiff::Timestamp::from_second(9).ok();
    let plan = plan(&view.with_service(leaving), &DaemonSets::new(), "web").unwrap();
    assert_eq!(plan.step, Step::Finalizers(vec![]));
}

#[test]
fn what_others_serve_is_left_alone() {
    let theirs = |mut service: Service| {
        service.load_balancer = serde_json::from_str(r#"[{"ip": "198.51.100.7"}]"#).unwrap();
        service
    };
    let classed = |mut service: Service| {
        service.load_balancer_class = Some("example.com/lb".into());
        service
    };
    let finalized = |mut service: Service| {
        service.metadata.finalizers = vec![FINALIZER.into()];
        service
    };
    let web = || service("web", 1, &[80]);
    for service in [
        theirs(web()),
        classed(web()),
        theirs(finalized(web())),
        classed(finalized(theirs(web()))),
    ] {
        let view = view(Mode::Native).with_service(service.clone());
        let plan = plan(&view, &DaemonSets::new(), "web");
        // Whoever named another class knows that we leave it alone; the others are told.
        let is_told = service.load_balancer_class.is_none();
        let step = plan.as_ref().map(|plan| plan.step.clone());
        assert_eq!(step, is_told.then_some(Step::Tell), "{service:?}");
        let text = plan.map(|plan| plan.notes[0].text.clone()).unwrap_or_default();
        assert_eq!(
            text.contains("\"198.51.100.7\" is of another controller"),
            is_told,
            "{text}"
        );
    }
    // Ours before: all of us goes, and nothing of theirs.
    let (view, _, _) = settle(view(Mode::Native).with_service(web()), DaemonSets::new(), "web");
    let taken = theirs(present(&view, "web"));
    let (view, _, reasons) = settle(view.with_service(taken), DaemonSets::new(), "web");
    let web = present(&view, "web");
    assert_eq!(ips(&web), ["198.51.100.7"]);
    assert!(web.conditions.is_empty() && web.metadata.finalizers.is_empty());
    assert_eq!(reasons, ["SyncLoadBalancerFailed"]);
}

#[test]
fn the_finalizer_of_old_versions_goes_from_every_service() {
    let mut web = service("web", 1, &[80]);
    web.service_type = ServiceType::ClusterIP;
    web.metadata.finalizers = vec!["a/b".into(), FINALIZER_LEGACY.into()];
    let plan = plan(&view(Mode::Native).with_service(web), &DaemonSets::new(), "web").unwrap();
    assert_eq!(plan, ServicePlan::new(Step::Finalizers(vec!["a/b".into()]), []));
}

#[test]
fn values_that_cannot_be_used_are_told_once() {
    let mut web = service("web", 1, &[80]);
    web.metadata
        .annotations
        .insert(ANNOTATION_TOLERATIONS.into(), "{".into());
    for mode in [Mode::Native, Mode::DaemonSet] {
        let (view, sets, reasons) = settle(view(mode).with_service(web.clone()), DaemonSets::new(), "web");
        assert_eq!(
            reasons,
            [
                "EnsuringLoadBalancer",
                "UpdatedLoadBalancer",
                "SyncLoadBalancerFailed"
            ],
            "{mode:?}"
        );
        assert!(sets.is_empty(), "no DaemonSet is made of it");
        assert_eq!(plan(&view, &sets, "web"), None);
    }
}

#[test]
fn daemon_sets_are_applied_before_the_status_and_deleted_before_all_else() {
    let start = View::new(Mode::DaemonSet, "kube-system").with_node(without_agent(node("n1", "192.0.2.1")));
    let web = service("web", 1, &[80]);
    let (view, sets, reasons) = settle(start.with_service(web.clone()), DaemonSets::new(), "web");
    assert_eq!(
        reasons,
        [
            "EnsuringLoadBalancer",
            "AppliedDaemonSet",
            "UnAvailableLoadBalancer"
        ]
    );
    assert_eq!(sets.len(), 1);
    let view = view.with_pod(balancer_pod(&web, "n1"));
    let (view, sets, reasons) = settle(view, sets, "web");
    assert_eq!(reasons, ["UpdatedLoadBalancer"]);

    // A change of a field, and of the list of nodes, replaces it.
    let mut changed = present(&view, "web");
    changed.load_balancer_source_ranges = vec!["10.0.0.0/8".into()];
    let other = plan(&view.clone().with_service(changed), &sets, "web").unwrap();
    assert!(matches!(
        other.step,
        Step::Apply {
            replaces: Some(_),
            ..
        }
    ));
    let listed = crate::sample::labelled(node("n2", "192.0.2.2"), crate::names::LABEL_ENABLE, "true");
    let other = plan(&view.clone().with_node(listed), &sets, "web").unwrap();
    assert!(matches!(other.step, Step::Apply { .. }));

    let mut internal = present(&view, "web");
    internal.service_type = ServiceType::ClusterIP;
    let (_, sets, reasons) = settle(view.with_service(internal), sets, "web");
    assert!(sets.is_empty());
    assert_eq!(
        reasons,
        ["DeletedDaemonSet", "DeletingLoadBalancer", "DeletedLoadBalancer"]
    );
}

#[test]
fn daemon_sets_go_only_when_agents_serve_in_their_place() {
    let web = service("web", 1, &[80]);
    let start = View::new(Mode::DaemonSet, "kube-system").with_node(without_agent(node("n1", "192.0.2.1")));
    let start = start.with_service(web.clone()).with_pod(balancer_pod(&web, "n1"));
    let (mut view, sets, _) = settle(start, DaemonSets::new(), "web");
    view.mode = Mode::Native;
    assert_eq!(plan(&view, &sets, "web"), None, "nobody else serves yet");
    let view = view.with_node(unconfirmed(node("n1", "192.0.2.1")));
    assert_eq!(
        plan(&view, &sets, "web"),
        None,
        "an agent is there, and its kernel has no rules yet"
    );
    // Who follows changes is told of it when the kernel has them, though no address changes.
    let mut allocation = Allocation::of(&view);
    let mut view = view;
    let node = confirming(&view, node("n1", "192.0.2.1"), &[]);
    let affected = view.node(&node.object_name(), Some(Arc::new(node)));
    assert!(allocation.update(&view, &affected).contains(&web.object_name()));
    let (view, sets, reasons) = settle(view, sets, "web");
    assert_eq!(reasons, ["DeletedDaemonSet"]);
    assert!(sets.is_empty());
    assert_eq!(ips(&present(&view, "web")), ["192.0.2.1"]);
}

#[test]
fn sets_of_services_that_are_gone_are_orphans() {
    let (mut view, sets, _) = settle(
        view(Mode::DaemonSet).with_service(service("web", 1, &[80])),
        DaemonSets::new(),
        "web",
    );
    let settings = settings(Mode::DaemonSet);
    let orphans = |view: &View, sets: &DaemonSets| {
        let allocation = Allocation::of(view);
        Planner::new(view, &allocation, sets, &settings).orphans().count()
    };
    assert_eq!(orphans(&view, &sets), 0);
    // The name is that of another Service now: its own set comes first, and then that of the former goes.
    let (other, sets, reasons) = settle(view.clone().with_service(service("web", 2, &[80])), sets, "web");
    assert!(reasons.contains(&"DeletedDaemonSet"), "{reasons:?}");
    assert_eq!(sets.len(), 1);
    drop(other);
    view.service(&ObjectName::new("default", "web"), None);
    assert_eq!(orphans(&view, &sets), 1);
}

#[test]
fn only_the_local_policy_looks_at_endpoints() {
    let mut web = service("web", 1, &[80]);
    web.external_traffic_policy = TrafficPolicy::Local;
    let start = view(Mode::Native).with_service(web.clone());
    let start = start.with_slice(slice(&web, "web-1", "n1", Some(true)));
    let (view, _, _) = settle(start, DaemonSets::new(), "web");
    assert_eq!(ips(&present(&view, "web")), ["192.0.2.1"]);
}

#[test]
fn the_younger_of_two_that_claim_a_port_is_told() {
    let node_port = |name: &str, number: u32| {
        let mut service = service(name, number, &[80]);
        service.service_type = ServiceType::NodePort;
        service.ports[0].node_port = 30_080;
        service
    };
    let external = |name: &str, number: u32| {
        let mut service = service(name, number, &[30_080]);
        service.service_type = ServiceType::ClusterIP;
        service.external_ips = vec!["192.0.2.1".parse().unwrap()];
        service
    };
    let balancer = |number: u32| service("web", number, &[30_080]);
    let held = |by: &str| format!("TCP 30080 on node n1 is held by Service default/{by}");
    let condition = |view: &View, name: &str, kind: &str| {
        let service = present(view, name);
        let mut conditions = service.conditions.iter();
        let message = conditions
            .find(|one| &*one.kind == kind)
            .map(|one| one.message.to_string());
        message.unwrap_or_default()
    };
    let table = [
        (node_port("old", 1), held("old as nodePort")),
        (external("old", 1), held("old at its externalIPs")),
    ];
    for (old, message) in table {
        let start = view(Mode::Native).with_service(old).with_service(balancer(2));
        let (view, sets, reasons) = settle(start, DaemonSets::new(), "web");
        assert_eq!(reasons, ["EnsuringLoadBalancer", "UnAvailableLoadBalancer"]);
        assert_eq!(condition(&view, "web", CONDITION), message);
        assert_eq!(plan(&view, &sets, "old"), None);
    }
    let table = [
        (
            node_port("young", 3),
            "nodePort TCP 30080 is held by the load balancer of Service default/web",
        ),
        (
            external("young", 3),
            "TCP 30080 of externalIPs is held by the load balancer of Service default/web",
        ),
    ];
    for (young, message) in table {
        let start = view(Mode::Native).with_service(young).with_service(balancer(2));
        let (view, sets, _) = settle(start, DaemonSets::new(), "web");
        assert_eq!(ips(&present(&view, "web")), ["192.0.2.1"]);
        let (mut view, sets, reasons) = settle(view, sets, "young");
        assert_eq!(reasons, ["PortInUse"]);
        assert_eq!(condition(&view, "young", CONDITION_PORTS), message);
        view.service(&ObjectName::new("default", "web"), None);
        let (view, _, reasons) = settle(view, sets, "young");
        assert_eq!((reasons.len(), present(&view, "young").conditions.len()), (0, 0));
    }
}
