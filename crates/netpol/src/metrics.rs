//! What the agent counts, with the names of kube-router beside where dashboards know them.

use std::time::{Duration, SystemTime};

use kinglet_policy::Direction;
use kinglet_telemetry::{Lag, Registry};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};

use crate::enforcer::{Committed, Judged};

/// Counters of the agent. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub struct Metrics {
    policies: Gauge,
    profiles: Gauge,
    idle_profiles: Gauge,
    sets: Gauge,
    syncs: Histogram,
    last_commit: Gauge,
    failures: Counter,
    repairs: Counter,
    comparisons: Counter,
    stale_comparisons: Counter,
    differences: Counter,
    revoked: Counter,
    restored: Counter,
    bridge: Gauge,
    denied: Family<[(&'static str, String); 2], Counter>,
    lag: Lag,
}

impl Default for Metrics {
    fn default() -> Self {
        Self {
            policies: Gauge::default(),
            profiles: Gauge::default(),
            idle_profiles: Gauge::default(),
            sets: Gauge::default(),
            // 0.1 ms to 3 s
            syncs: Histogram::new(exponential_buckets(0.0001, 2.0, 16)),
            last_commit: Gauge::default(),
            failures: Counter::default(),
            repairs: Counter::default(),
            comparisons: Counter::default(),
            stale_comparisons: Counter::default(),
            differences: Counter::default(),
            revoked: Counter::default(),
            restored: Counter::default(),
            bridge: Gauge::default(),
            denied: Family::default(),
            lag: Lag::default(),
        }
    }
}

impl Metrics {
    /// How long the oldest change has waited that is not in the kernel yet.
    pub fn lag(&self) -> &Lag {
        &self.lag
    }

    /// Shows them in a registry.
    pub fn register(&self, registry: &mut Registry) {
        self.lag.register(
            "kinglet_netpol_lag_seconds",
            "Time that the oldest change of objects has waited which is not in the kernel yet; 0 if all are",
            registry,
        );
        let gauges = [
            (
                "kinglet_netpol_policies",
                "NetworkPolicies and ClusterNetworkPolicies in force",
                &self.policies,
            ),
            (
                "kinglet_netpol_profiles",
                "Chains of rules that pods of this node use; pods with equal permissions share one",
                &self.profiles,
            ),
            (
                "kinglet_netpol_idle_profiles",
                "Chains of rules that no pod uses any more; they are removed within seconds",
                &self.idle_profiles,
            ),
            (
                "kinglet_netpol_sets",
                "Sets of addresses that the rules of this node match against",
                &self.sets,
            ),
            (
                "kinglet_netpol_last_commit_timestamp_seconds",
                "Time of the last commit of rules to the kernel, in seconds since 1970",
                &self.last_commit,
            ),
            (
                "kinglet_netpol_bridge_netfilter_ok",
                "1 if packets between pods of this node pass through nftables, 0 if bridges bypass it",
                &self.bridge,
            ),
            // Names of kube-router, for dashboards that are there.
            (
                "kube_router_controller_policy_chains",
                "Active policy chains",
                &self.profiles,
            ),
            (
                "kube_router_controller_policy_ipsets",
                "Active policy ipsets",
                &self.sets,
            ),
        ];
        for (name, help, gauge) in gauges {
            registry.register(name, help, gauge.clone());
        }
        let counters = [
            (
                "kinglet_netpol_failures",
                "Commits that the kernel refused; each is tried again",
                &self.failures,
            ),
            (
                "kinglet_netpol_repairs",
                "Replacements of all rules because another program had changed them",
                &self.repairs,
            ),
            (
                "kinglet_netpol_comparisons",
                "Comparisons of the kernel's rules with those that were committed",
                &self.comparisons,
            ),
            (
                "kinglet_netpol_stale_comparisons",
                "The same, made while nothing was heard from the API server for too long; not counted among the others",
                &self.stale_comparisons,
            ),
            (
                "kinglet_netpol_differences",
                "Comparisons that found the kernel's rules changed",
                &self.differences,
            ),
            (
                "kinglet_netpol_revoked_connections",
                "Tracked connections revoked because policies no longer allow them",
                &self.revoked,
            ),
            (
                "kinglet_netpol_restored_connections",
                "Revoked connections that policies allow again",
                &self.restored,
            ),
        ];
        for (name, help, counter) in counters {
            registry.register(name, help, counter.clone());
        }
        registry.register(
            "kinglet_netpol_denied_packets",
            "Packets denied by the policies of this node's pods, by namespace of the pod and direction",
            self.denied.clone(),
        );
        for name in [
            "kinglet_netpol_sync_duration_seconds",
            "kube_router_controller_iptables_sync_time",
            "kube_router_controller_policy_chains_sync_time",
        ] {
            registry.register(
                name,
                "Seconds from a change of objects to the commit of its rules",
                self.syncs.clone(),
            );
        }
    }

    pub(crate) fn count_commit(&self, committed: &Committed, took: Duration) {
        self.policies.set(number(committed.policies));
        self.profiles.set(number(committed.profiles));
        self.idle_profiles.set(number(committed.idle_profiles));
        self.sets.set(number(committed.sets));
        if !committed.changed {
            return;
        }
        self.syncs.observe(took.as_secs_f64());
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let seconds = now.unwrap_or_default().as_secs();
        self.last_commit.set(i64::try_from(seconds).unwrap_or(i64::MAX));
    }

    pub(crate) fn count_failure(&self) {
        self.failures.inc();
    }

    pub(crate) fn count_repair(&self) {
        self.repairs.inc();
    }

    /// The kernel's rules were compared, and are as they should be or not.
    pub(crate) fn count_comparison(&self, same: bool) {
        self.comparisons.inc();
        self.differences.inc_by(u64::from(!same));
    }

    /// The same, while it is not known what the rules should be.
    pub(crate) fn count_stale_comparison(&self, same: bool) {
        self.stale_comparisons.inc();
        self.differences.inc_by(u64::from(!same));
    }

    pub(crate) fn count_judged(&self, judged: &Judged) {
        self.revoked
            .inc_by(u64::try_from(judged.revoked).unwrap_or(u64::MAX));
        self.restored
            .inc_by(u64::try_from(judged.restored).unwrap_or(u64::MAX));
    }

    /// Packets of pods of a namespace; it is empty if the pods are not known any more.
    pub(crate) fn count_denied(&self, direction: Direction, namespace: Option<&str>, packets: u64) {
        if packets > 0 {
            let namespace = namespace.unwrap_or_default().to_owned();
            let labels = [("namespace", namespace), ("direction", direction.to_string())];
            self.denied.get_or_create(&labels).inc_by(packets);
        }
    }

    pub(crate) fn set_bridge_netfilter(&self, enabled: bool) {
        self.bridge.set(i64::from(enabled));
    }
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}
