//! Port names in policies that no pod has: such a rule matches nothing, perhaps because of a typing error.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kinglet_model::{ObjectName, Pod};

use super::{Cluster, has_own_addresses};
use crate::checked::{Direction, Peers, Port, PortMatch, Ports, Rule};
use crate::problem::{Problem, Problems};
use crate::rules::PodPort;

/// A policy of either kind, as far as port names matter.
struct Subject<'a> {
    policy: &'a ObjectName,
    /// The pods that it selects.
    pods: Vec<&'a Arc<Pod>>,
}

impl Cluster {
    /// All problems of policies, those of [port names](Self::unresolved) too.
    pub fn problems(&self) -> Vec<Problem> {
        let faults = self.problems.values().flatten().cloned();
        faults.chain(self.unresolved()).collect()
    }

    /// Problems of port names that none of the pods has to which they refer. Policies that select no pod are
    /// left out: nothing can be said of them.
    pub fn unresolved(&self) -> BTreeSet<Problem> {
        let mut found = Vec::new();
        for policy in self.policies.values() {
            let rules = directions(|direction| policy.rules(direction).unwrap_or_default().iter());
            let namespace = &policy.name.namespace;
            let selected = || {
                let pods = self.pods_of(namespace);
                pods.filter(|pod| policy.pods.matches(&pod.metadata.labels))
                    .collect()
            };
            self.check_names(&policy.name, rules, selected, &mut found);
        }
        for policy in self.cluster_policies.values() {
            let rules = directions(|direction| policy.rules(direction).iter().map(|one| &one.rule));
            let selected = || {
                let pods = self.all_pods();
                pods.filter(|pod| policy.subject.matches(pod, self.labels(&pod.metadata.namespace)))
                    .collect()
            };
            self.check_names(&policy.name, rules, selected, &mut found);
        }
        found.into_iter().collect()
    }

    /// Checks the rules of one policy that have names.
    fn check_names<'a>(
        &'a self,
        policy: &'a ObjectName,
        rules: impl Iterator<Item = (Direction, &'a Rule)>,
        selected: impl FnOnce() -> Vec<&'a Arc<Pod>>,
        found: &mut Vec<Problem>,
    ) {
        let mut rules = rules.filter(|(_, rule)| !names(rule).is_empty()).peekable();
        if rules.peek().is_none() {
            return;
        }
        let mut pods = selected();
        pods.retain(|pod| has_own_addresses(pod));
        if pods.is_empty() {
            return;
        }
        let subject = Subject { policy, pods };
        for (direction, rule) in rules {
            for (index, ports) in names(rule) {
                if !self.is_resolved(&subject, direction, rule, &ports) {
                    report(&subject, direction, rule, index, &ports, found);
                }
            }
        }
    }

    /// Whether any pod to which the rule refers has a port of that name: on ingress the pods that the policy
    /// selects, on egress the peers.
    fn is_resolved(&self, subject: &Subject<'_>, direction: Direction, rule: &Rule, ports: &[&Port]) -> bool {
        let has = |pod: &Pod| {
            ports.iter().any(|port| match &port.ports {
                PortMatch::Named(name) => PodPort::Name(name.clone())
                    .numbers(port.protocol, pod)
                    .next()
                    .is_some(),
                PortMatch::Any | PortMatch::Range(..) => true,
            })
        };
        match direction {
            Direction::Ingress => subject.pods.iter().any(|pod| has(pod)),
            Direction::Egress => {
                let mut pods = self.all_pods().filter(|pod| has_own_addresses(pod));
                pods.any(|pod| has(pod) && self.is_peer(pod, &rule.peers))
            }
        }
    }

    fn is_peer(&self, pod: &Pod, peers: &Peers) -> bool {
        let Peers::Of(listed) = peers else {
            return true;
        };
        let labels = self.labels(&pod.metadata.namespace);
        let in_block = |address| listed.blocks.contains(address);
        listed.pods.iter().any(|peer| peer.matches(pod, labels)) || pod.ips.iter().copied().any(in_block)
    }
}

/// The rules of both directions.
fn directions<'a, I: Iterator<Item = &'a Rule>>(
    rules: impl Fn(Direction) -> I,
) -> impl Iterator<Item = (Direction, &'a Rule)> {
    let [one, other] = Direction::BOTH.map(|direction| rules(direction).map(move |rule| (direction, rule)));
    one.chain(other)
}

/// The named ports of a rule, by their index in its list: one entry can stand for several protocols.
fn names(rule: &Rule) -> BTreeMap<usize, Vec<&Port>> {
    let mut names: BTreeMap<usize, Vec<&Port>> = BTreeMap::new();
    if let Ports::Of(ports) = &rule.ports {
        for port in ports {
            if matches!(port.ports, PortMatch::Named(_)) {
                names.entry(port.index).or_default().push(port);
            }
        }
    }
    names
}

fn report(
    subject: &Subject<'_>,
    direction: Direction,
    rule: &Rule,
    index: usize,
    ports: &[&Port],
    found: &mut Vec<Problem>,
) {
    let is_of_cluster = subject.policy.namespace.is_empty();
    let mut problems = Problems::of(subject.policy, found).meaning("it matches nothing");
    let mut problems = problems.below(format_args!("{direction}[{}]", rule.number));
    let mut problems = problems.below(if is_of_cluster {
        format!("protocols[{index}].destinationNamedPort")
    } else {
        format!("ports[{index}].port")
    });
    let accepted = match direction {
        Direction::Ingress => "the name of a port of any pod that the policy selects",
        Direction::Egress => "the name of a port of any pod that the rule is about",
    };
    if let Some(PortMatch::Named(name)) = ports.first().map(|port| &port.ports) {
        problems.add(name, accepted);
    }
}

#[cfg(test)]
mod tests {
    use kinglet_model::Object;
    use serde_json::{Value, json};

    use super::*;

    fn decode<T: Object>(object: Value) -> T {
        serde_json::from_value(object).unwrap()
    }

    fn pod(name: &str, port: &str, protocol: &str) -> Arc<Pod> {
        let ports = json!([{"name": port, "containerPort": 80, "protocol": protocol}]);
        Arc::new(decode(json!({
            "metadata": {"namespace": "x", "name": name, "labels": {"app": name}},
            "spec": {"containers": [{"ports": ports}]},
            "status": {"phase": "Running", "podIP": "10.0.0.1"},
        })))
    }

    fn fields(cluster: &Cluster) -> Vec<String> {
        let problems = cluster.unresolved();
        problems
            .iter()
            .map(|problem| format!("{} {} {}", problem.policy, problem.field, problem.value))
            .collect()
    }

    #[test]
    fn names_that_no_pod_has_are_told_until_one_does() {
        let mut cluster = Cluster::default();
        cluster.apply_namespace(&decode(json!({"metadata": {"name": "x"}})));
        let ports = json!([{"port": 80}, {"port": "web"}]);
        let policy = json!({
            "metadata": {"namespace": "x", "name": "p"},
            "spec": {
                "podSelector": {"matchLabels": {"app": "a"}},
                "ingress": [{}, {"ports": ports}],
                "egress": [{"ports": ports, "to": [{"podSelector": {"matchLabels": {"app": "b"}}}]}],
            },
        });
        let protocols = json!([{"tcp": {}}, {"destinationNamedPort": "web"}]);
        let everybody = json!({"namespaces": {}});
        let of_cluster = json!({
            "metadata": {"name": "c"},
            "spec": {
                "tier": "Admin", "priority": 0, "subject": everybody,
                "egress": [{"action": "Deny", "to": [everybody], "protocols": protocols}],
            },
        });
        cluster.apply_policy(&decode(policy));
        cluster.apply_cluster_policy(&decode(of_cluster));
        // Nobody is selected.
        assert_eq!(fields(&cluster), Vec::<String>::new());
        cluster.apply_pod(pod("a", "other", "TCP"));
        let ingress = "x/p spec.ingress[1].ports[1].port web";
        let egress = "x/p spec.egress[0].ports[1].port web";
        let of_cluster = "c spec.egress[0].protocols[1].destinationNamedPort web";
        assert_eq!(fields(&cluster), [of_cluster, egress, ingress]);
        // Only where no protocol is asked for.
        cluster.apply_pod(pod("b", "web", "UDP"));
        assert_eq!(fields(&cluster), [egress, ingress]);
        cluster.apply_pod(pod("b", "web", "TCP"));
        assert_eq!(fields(&cluster), [ingress]);
        cluster.apply_pod(pod("a", "web", "TCP"));
        assert_eq!(fields(&cluster), Vec::<String>::new());
        cluster.remove_pod(&ObjectName::new("x", "b"));
        assert_eq!(fields(&cluster), [egress]);
    }
}
