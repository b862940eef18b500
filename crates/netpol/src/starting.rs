//! Addresses of pods that start, until their status has them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;

use kinglet_model::{Object, ObjectName, Pod};

/// A pod that has addresses.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartedPod {
    /// The pod's name.
    pub name: ObjectName,
    /// Its `metadata.uid`.
    pub uid: Arc<str>,
    /// Its addresses.
    pub ips: Vec<IpAddr>,
}

/// Pods that have addresses already which their status does not show yet.
#[derive(Debug, Default)]
pub(crate) struct StartingPods(HashMap<ObjectName, StartedPod>);

impl StartingPods {
    /// These have started in an earlier run, and perhaps no status shows their addresses yet.
    pub(crate) fn new(started: Vec<StartedPod>) -> Self {
        let started = started.into_iter().map(|started| (started.name.clone(), started));
        Self(started.collect())
    }

    /// A pod starts with these addresses.
    pub(crate) fn insert(&mut self, pod: &Pod) {
        let started = StartedPod {
            name: pod.object_name(),
            uid: pod.metadata.uid.as_ref().into(),
            ips: pod.ips.clone(),
        };
        self.0.insert(started.name.clone(), started);
    }

    /// A pod as the API shows it; as long as that has no addresses, with those that it started with: the
    /// kubelet writes the status only after the sandbox runs, and until then other changes of the pod would
    /// take its rules away.
    pub(crate) fn complete(&mut self, pod: Arc<Pod>) -> Arc<Pod> {
        let name = pod.object_name();
        let waits = pod.ips.is_empty() && !pod.is_finished();
        let started = self
            .0
            .get(&name)
            // A StatefulSet's next pod has the same name and another uid.
            .filter(|started| waits && *started.uid == *pod.metadata.uid);
        if let Some(started) = started {
            let ips = started.ips.clone();
            return Arc::new(Pod {
                ips,
                ..Pod::clone(&pod)
            });
        }
        self.0.remove(&name);
        pod
    }

    /// A pod is gone.
    pub(crate) fn remove(&mut self, name: &ObjectName) {
        self.0.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(uid: &str, ips: &[&str], phase: &str) -> Arc<Pod> {
        let mut pod = Pod::default();
        pod.metadata.namespace = "x".into();
        pod.metadata.name = "a".into();
        pod.metadata.uid = uid.into();
        pod.phase = phase.into();
        pod.ips = ips.iter().map(|ip| ip.parse().unwrap()).collect();
        Arc::new(pod)
    }

    #[test]
    fn addresses_stay_until_the_status_tells() {
        let mut starting = StartingPods::default();
        starting.insert(&pod("1", &["10.0.0.1"], "Pending"));
        let ips = |starting: &mut StartingPods, seen| starting.complete(seen).ips.len();
        assert_eq!(ips(&mut starting, pod("1", &[], "Pending")), 1);
        assert_eq!(
            ips(&mut starting, pod("1", &["10.0.0.1", "fd00::1"], "Running")),
            2
        );
        assert_eq!(
            ips(&mut starting, pod("1", &[], "Running")),
            0,
            "the status has told"
        );
        for other in [pod("2", &[], "Pending"), pod("1", &[], "Failed")] {
            starting.insert(&pod("1", &["10.0.0.1"], "Pending"));
            assert_eq!(ips(&mut starting, other), 0);
            assert_eq!(ips(&mut starting, pod("1", &[], "Pending")), 0);
        }
        starting.insert(&pod("1", &["10.0.0.1"], "Pending"));
        starting.remove(&ObjectName::new("x", "a"));
        assert_eq!(ips(&mut starting, pod("1", &[], "Pending")), 0);
        // Of an earlier run.
        let started = StartedPod {
            name: ObjectName::new("x", "a"),
            uid: "1".into(),
            ips: vec!["10.0.0.1".parse().unwrap()],
        };
        let mut starting = StartingPods::new(vec![started]);
        assert_eq!(ips(&mut starting, pod("1", &[], "Pending")), 1);
    }
}
