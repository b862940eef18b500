//! Leases by which servers say that they are alive.
//!
//! Each is named as the server's EndpointSlice. Clocks are not compared: an observer measures by its own for how
//! long it has seen a Lease unchanged.

use std::time::Duration;

use kinglet_kube::{Client, Collection, Deletion, RequestError, Resource};
use kinglet_model::{Meta, Object, ObjectName};
use serde::Deserialize;
use serde_json::json;
use tokio::time::Instant;

/// A Lease (coordination.k8s.io/v1).
#[derive(Deserialize)]
pub(super) struct Lease {
    metadata: Meta,
    #[serde(default)]
    spec: Spec,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Spec {
    renew_time: Option<String>,
    lease_duration_seconds: Option<u64>,
}

impl Object for Lease {
    const GROUP: &'static str = "coordination.k8s.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Lease";
    const PLURAL: &'static str = "leases";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

/// The Leases of all servers.
#[derive(Clone)]
pub(super) struct Leases(Collection);

impl Leases {
    pub(super) fn new(client: &Client) -> Self {
        Self(Collection::new(client.clone(), Resource::of::<Lease>()))
    }

    /// Says that the server of this name is alive.
    pub(super) async fn renew(
        &self,
        name: &ObjectName,
        holder: &str,
        lifetime: Duration,
    ) -> Result<(), RequestError> {
        let now = format!("{:.6}", jiff::Timestamp::now());
        let seconds = lifetime.as_millis().div_ceil(1000).max(1);
        let spec =
            json!({"holderIdentity": holder, "leaseDurationSeconds": seconds as u64, "renewTime": now});
        match self.0.merge(name, &json!({ "spec": spec })).await {
            Err(error) if error.is_not_found() => {
                let lease = json!({
                    "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                    "metadata": {"name": &*name.name, "namespace": &*name.namespace}, "spec": spec,
                });
                self.0.create(&name.namespace, &lease).await
            }
            result => result,
        }
    }

    /// The Lease of a server, if there is one.
    pub(super) async fn get(&self, name: &ObjectName) -> Result<Option<Lease>, RequestError> {
        match self.0.get(name).await {
            Ok(lease) => Ok(Some(lease)),
            Err(error) if error.is_not_found() => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Deletes a Lease, if it is still as it was seen.
    pub(super) async fn delete(&self, name: &ObjectName, seen: Option<&Lease>) -> Result<(), RequestError> {
        let how = Deletion {
            resource_version: seen.map(|lease| &*lease.metadata.resource_version),
            ..Deletion::default()
        };
        match self.0.delete(name, &how).await {
            Err(error) if error.is_not_found() => Ok(()),
            result => result,
        }
    }
}

/// What an observer has seen of a Lease.
#[derive(Clone, Debug, Default)]
pub(super) struct Observation(Option<Seen>);

#[derive(Clone, Debug)]
struct Seen {
    /// What a renewal changes; nothing while there is no Lease.
    renewed: Option<String>,
    since: Instant,
    last: Instant,
}

impl Observation {
    /// Takes a look in. `patience` is the longest pause between two looks that is no gap.
    pub(super) fn look(&mut self, lease: Option<&Lease>, now: Instant, patience: Duration) {
        let renewed = lease.and_then(|lease| lease.spec.renew_time.clone());
        // A process that did not look for a while (an API server that was away, SIGSTOP) has not seen that
        // nothing was written: after an outage everybody gets the time to write again.
        let known = self.0.take();
        let known = known.filter(|seen| seen.renewed == renewed && now.duration_since(seen.last) <= patience);
        let since = known.map_or(now, |seen| seen.since);
        self.0 = Some(Seen {
            renewed,
            since,
            last: now,
        });
    }

    /// Whether the Lease was seen unchanged for longer than its holder promised, or than `lifetime`.
    pub(super) fn is_over(&self, lease: Option<&Lease>, lifetime: Duration) -> bool {
        let promised = lease.and_then(|lease| lease.spec.lease_duration_seconds);
        let believed = promised.map_or(lifetime, Duration::from_secs).max(lifetime);
        self.0
            .as_ref()
            .is_some_and(|seen| seen.last.duration_since(seen.since) > believed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(10);
    const LIFETIME: Duration = Duration::from_secs(15);

    fn lease(renewed: &str, seconds: u64) -> Lease {
        let spec = json!({"renewTime": renewed, "leaseDurationSeconds": seconds});
        serde_json::from_value(json!({"metadata": {"name": "l"}, "spec": spec})).unwrap()
    }

    /// Looks at a Lease at these seconds and says whether it is over at the end.
    fn is_over(looks: &[(u64, Option<&Lease>)]) -> bool {
        let (start, mut observation) = (Instant::now(), Observation::default());
        for (at, lease) in looks {
            observation.look(*lease, start + Duration::from_secs(*at), PATIENCE);
        }
        observation.is_over(looks.last().unwrap().1, LIFETIME)
    }

    #[test]
    fn only_what_was_seen_unchanged_all_the_time_is_over() {
        let (a, b, long) = (lease("a", 15), lease("b", 15), lease("a", 60));
        let at = |times: [u64; 4], lease| times.map(|time| (time, lease));
        assert!(is_over(&at([0, 5, 10, 16], Some(&a))));
        assert!(
            is_over(&at([0, 5, 10, 16], None)),
            "nobody has ever said anything"
        );
        assert!(!is_over(&at([0, 5, 10, 15], Some(&a))));
        assert!(!is_over(&at([0, 5, 10, 16], Some(&long))), "it promised more");
        assert!(!is_over(&at([0, 5, 10, 60], Some(&a))), "it did not look");
        assert!(!is_over(&[
            (0, Some(&a)),
            (5, Some(&a)),
            (10, Some(&b)),
            (16, Some(&b))
        ]));
    }
}
