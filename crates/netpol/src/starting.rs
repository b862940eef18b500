//! Addresses of pods that start, until their status tells them.

use std::collections::HashMap;
use std::sync::Arc;

use kinglet_model::{Object, ObjectName, Pod};

/// Pods that have addresses already and no status that tells them.
#[derive(Debug, Default)]
pub(crate) struct Starting(HashMap<ObjectName, Arc<Pod>>);

impl Starting {
    /// A pod starts with these addresses.
    pub(crate) fn begin(&mut self, pod: &Arc<Pod>) {
        self.0.insert(pod.object_name(), pod.clone());
    }

    /// What is known of a pod: as the API tells, and while that has no addresses, with those that it started with.
    pub(crate) fn complete(&mut self, pod: Arc<Pod>) -> Arc<Pod> {
        let name = pod.object_name();
        let waits = pod.ips.is_empty() && !pod.is_finished();
        let started = self
            .0
            .get(&name)
            .filter(|started| waits && started.metadata.uid == pod.metadata.uid);
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
    pub(crate) fn end(&mut self, name: &ObjectName) {
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
        let mut starting = Starting::default();
        starting.begin(&pod("1", &["10.0.0.1"], "Pending"));
        let ips = |starting: &mut Starting, seen| starting.complete(seen).ips.len();
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
            starting.begin(&pod("1", &["10.0.0.1"], "Pending"));
            assert_eq!(ips(&mut starting, other), 0);
            assert_eq!(ips(&mut starting, pod("1", &[], "Pending")), 0);
        }
        starting.begin(&pod("1", &["10.0.0.1"], "Pending"));
        starting.end(&ObjectName::new("x", "a"));
        assert_eq!(ips(&mut starting, pod("1", &[], "Pending")), 0);
    }
}
