//! Properties of every distribution.

use std::collections::BTreeSet;

use kinglet_model::{EndpointSlice, Node, Pod, Service, TrafficPolicy};
use proptest::prelude::*;

use super::*;

const NODES: [&str; 4] = ["n0", "n1", "n2", "n3"];
const NAMES: [&str; 5] = ["s0", "s1", "s2", "s3", "s4"];

/// Whatever a cluster has.
#[derive(Clone, Debug)]
enum Object {
    Service(Box<Service>),
    Node(Node),
    Pod(Pod),
    Slice(EndpointSlice),
}

fn services() -> impl Strategy<Value = Object> {
    let ports = prop::collection::btree_set(80..84u16, 1..3);
    let fields = (
        0..NAMES.len(),
        0..3u32,
        ports,
        any::<bool>(),
        prop::option::of(0..2u8),
        prop::option::weighted(0.2, 0..4u16),
    );
    fields.prop_map(|(index, age, ports, local, pool, node_port)| {
        let ports: Vec<u16> = ports.into_iter().collect();
        let mut service = service(NAMES[index], u32::try_from(index).unwrap(), &ports);
        service.metadata.creation_timestamp = jiff::Timestamp::from_second(age.into()).ok();
        if local {
            service.external_traffic_policy = TrafficPolicy::Local;
        }
        if let Some(pool) = pool {
            service
                .metadata
                .labels
                .insert(LABEL_POOL.into(), pool.to_string().into());
        }
        match node_port {
            Some(0) => service.external_ips = vec!["192.0.2.1".parse().unwrap()],
            Some(port) => service.ports[0].node_port = 80 + port,
            None => {}
        }
        Object::Service(Box::new(service))
    })
}

fn nodes() -> impl Strategy<Value = Object> {
    let label = prop::option::weighted(0.1, any::<bool>());
    let fields = (
        0..NODES.len(),
        any::<bool>(),
        prop::option::of(80..84u16),
        label,
        0..2u8,
        any::<bool>(),
        prop::sample::select(vec![
            ("true", ""),
            ("true", "default/s1"),
            ("true", "*"),
            ("", ""),
        ]),
    );
    fields.prop_map(|(index, agent, process, listed, pool, ready, report)| {
        let mut node = node(NODES[index], &format!("192.0.2.{index}"));
        node = reporting(being_ready(node, ready), report.0, report.1);
        if let Some(port) = process {
            node = listening(node, &format!("tcp:{port}"));
        }
        if let Some(listed) = listed {
            node = labelled(node, LABEL_ENABLE, if listed { "true" } else { "false" });
        }
        node = labelled(node, LABEL_POOL, &pool.to_string());
        Object::Node(if agent { node } else { without_agent(node) })
    })
}

fn pods() -> impl Strategy<Value = Object> {
    let host =
        (0..NODES.len(), 80..84u16).prop_map(|(node, port)| pod(&format!("p{port}"), NODES[node], &[port]));
    let balancer = (0..NODES.len(), 0..NAMES.len(), any::<bool>()).prop_map(|(node, name, ready)| {
        let mut pod = balancer_pod(&service(NAMES[name], 0, &[80]), NODES[node]);
        pod.ready = ready;
        pod
    });
    prop_oneof![host, balancer].prop_map(Object::Pod)
}

fn slices() -> impl Strategy<Value = Object> {
    (0..NAMES.len(), 0..NODES.len(), any::<bool>()).prop_map(|(name, node, ready)| {
        let service = service(NAMES[name], 0, &[80]);
        Object::Slice(slice(
            &service,
            &format!("{}-{node}", NAMES[name]),
            NODES[node],
            Some(ready),
        ))
    })
}

fn objects() -> impl Strategy<Value = Vec<Object>> {
    prop::collection::vec(prop_oneof![services(), nodes(), pods(), slices()], 0..40)
}

fn take(view: View, object: Object) -> View {
    match object {
        Object::Service(service) => view.with_service(*service),
        Object::Node(node) => view.with_node(node),
        Object::Pod(pod) => view.with_pod(pod),
        Object::Slice(slice) => view.with_slice(slice),
    }
}

/// An object is there, or is gone.
fn change(view: &mut View, object: &Object, is_there: bool) -> Affected {
    match object {
        Object::Service(service) => {
            let now = is_there.then(|| Arc::new((**service).clone()));
            view.service(&service.object_name(), now)
        }
        Object::Node(node) => view.node(&node.object_name(), is_there.then(|| Arc::new(node.clone()))),
        Object::Pod(pod) => view.pod(&pod.object_name(), is_there.then(|| Arc::new(pod.clone()))),
        Object::Slice(slice) => view.slice(&slice.object_name(), is_there.then(|| Arc::new(slice.clone()))),
    }
}

/// The last state of each object.
fn last(objects: &[Object]) -> Vec<Object> {
    let key = |object: &Object| match object {
        Object::Service(service) => (0, service.object_name()),
        Object::Node(node) => (1, node.object_name()),
        Object::Pod(pod) => (2, pod.object_name()),
        Object::Slice(slice) => (3, slice.object_name()),
    };
    let mut seen = BTreeSet::new();
    let mut last: Vec<Object> = objects
        .iter()
        .rev()
        .filter(|one| seen.insert(key(one)))
        .cloned()
        .collect();
    last.reverse();
    last
}

/// What an agent reports of its share confirms all that is assigned to its node.
fn confirm(view: &View, mut allocation: Allocation) -> Result<(), TestCaseError> {
    let mut view = view.clone();
    for node in view.nodes().clone().into_values() {
        let node = crate::sample::confirming(&view, (*node).clone(), &[]);
        let affected = view.node(&node.object_name(), Some(Arc::new(node)));
        allocation.update(&view, &affected);
    }
    for assignment in allocation.services.values() {
        let reporting = assignment
            .nodes()
            .filter(|node| HostPorts::of(&view.nodes()[*node]).is_some());
        for node in reporting {
            prop_assert_eq!(assignment.kernel(node), Some(Kernel::Confirmed), "{}", node);
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn only_the_present_state_counts(objects in objects(), daemons in any::<bool>(), start in any::<prop::sample::Index>()) {
        let mode = if daemons { Mode::DaemonSet } else { Mode::Native };
        let all = objects.iter().cloned().fold(View::new(mode, "kube-system"), take);
        let mut other = last(&objects);
        if !other.is_empty() {
            let start = start.index(other.len());
            other.rotate_left(start);
        }
        let other = other.into_iter().rev().fold(View::new(mode, "kube-system"), take);
        prop_assert_eq!(allocate(&all), allocate(&other));
        for node in NODES {
            prop_assert_eq!(share(&all, node), share(&other, node));
        }
    }

    /// Whoever follows changes knows what one who begins anew knows, and who need not act learns nothing.
    #[test]
    fn following_changes_is_as_good_as_beginning_anew(
        objects in prop::collection::vec((objects(), any::<bool>()), 1..8),
        daemons in any::<bool>(),
    ) {
        let mode = if daemons { Mode::DaemonSet } else { Mode::Native };
        let mut view = View::new(mode, "kube-system");
        let mut allocation = Allocation::default();
        let mut shares = NODES.map(|node| Share::new(node.into()));
        for (batch, delete) in objects {
            let mut affected = Affected::default();
            for object in &batch {
                affected.add(change(&mut view, object, true));
            }
            for object in batch.iter().filter(|_| delete).step_by(3) {
                affected.add(change(&mut view, object, false));
            }
            let before = allocation.clone();
            let due = allocation.update(&view, &affected);
            if mode == Mode::Native {
                confirm(&view, allocation.clone())?;
            }
            prop_assert_eq!(&allocation, &Allocation::of(&view));
            for (name, assignment) in &before.services {
                let same = allocation.services.get(name) == Some(assignment);
                prop_assert!(same || due.contains(name), "{}", name);
            }
            for node in &mut shares {
                node.update(&view, &affected);
                let mut anew = node.anew();
                anew.update(&view, &Affected::all());
                prop_assert_eq!(node.get(), anew.get());
            }
        }
    }

    #[test]
    fn a_port_of_a_node_has_one_owner(objects in objects()) {
        let view = objects.into_iter().fold(super::view(), take);
        let allocation = allocate(&view);
        let mut owned = BTreeSet::new();
        for (name, assignment) in &allocation.services {
            let nodes: BTreeSet<_> = assignment.nodes().cloned().collect();
            prop_assert!(assignment.serving().all(|node| nodes.contains(node)));
            let service = &view.services()[name];
            for node in &nodes {
                prop_assert!(assignment.taken().all(|(other, _)| other != node));
                prop_assert!(assignment.unfit().all(|(other, _)| other != node));
                for port in Port::of(service) {
                    prop_assert!(owned.insert((node.clone(), port)), "{name} {node} {port}");
                    let processes = HostPorts::of(&view.nodes()[node]).unwrap_or_default();
                    prop_assert!(processes.iter().all(|process| process != port));
                }
            }
            let known = nodes.len() + assignment.taken().count() + assignment.unfit().count();
            prop_assert_eq!(known, view.nodes().len());
        }
    }

    #[test]
    fn agents_and_controller_agree(objects in objects()) {
        let all = objects.iter().cloned().fold(super::view(), take);
        let allocation = allocate(&all);
        for name in NODES {
            // An agent sees the Pods of its node only, and no slices.
            let seen = objects.iter().filter(|object| match object {
                Object::Pod(pod) => *pod.node_name == *name,
                Object::Slice(_) => false,
                _ => true,
            });
            let mut view = seen.cloned().fold(super::view(), take);
            // A Pod that has come from another node is gone from there.
            for object in &objects {
                if let Object::Pod(pod) = object {
                    view.pod(&pod.object_name(), None);
                }
            }
            let pods = last(&objects).into_iter().filter(|one| matches!(one, Object::Pod(pod) if *pod.node_name == *name));
            let view = pods.fold(view, take);
            let agent = all.nodes().get(name).and_then(|node| HostPorts::of(node));
            let owned = allocation.services.iter().filter(|(_, one)| agent.is_some() && one.nodes().any(|node| **node == *name));
            let owned: Vec<ObjectName> = owned.map(|(service, _)| service.clone()).collect();
            prop_assert_eq!(share(&view, name).into_keys().collect::<Vec<_>>(), owned);
        }
    }
}
