//! Options that several subcommands have: one definition, one help text, one check.

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use crate::duration::duration;
use crate::ranges::{RangesError, one_per_family};

/// A component, by the name of what it replaces in K3s.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Component {
    /// Cluster DNS.
    Coredns,
    /// Ingress.
    Traefik,
    /// Load balancers.
    Servicelb,
}

/// What does not run.
#[derive(Args, Clone, Debug)]
pub struct DisableOptions {
    /// Components that do not run, named as in K3s; repeat it, or separate them by commas. Agents
    /// heed servicelb only, which must be the same on all servers and nodes.
    #[arg(
        long,
        env = "KINGLET_DISABLE",
        value_enum,
        value_delimiter = ',',
        value_name = "COMPONENT"
    )]
    pub disable: Vec<Component>,
}

impl DisableOptions {
    /// Whether a component runs.
    pub fn runs(&self, component: Component) -> bool {
        !self.disable.contains(&component)
    }
}

/// Form of printed results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum OutputFormat {
    /// For people.
    #[default]
    Text,
    /// For scripts.
    Json,
}

/// The admin server.
#[derive(Args, Clone, Debug)]
pub struct AdminOptions {
    /// Health and metrics: /healthz, /readyz, /metrics; port 0 takes any free port.
    #[arg(
        long,
        env = "KINGLET_ADMIN_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:9900"
    )]
    pub admin_listen: SocketAddr,
    /// When nothing was heard from the API server about a watched resource for longer, /readyz fails; 0 for
    /// never. API servers send something every minute.
    #[arg(
        long,
        env = "KINGLET_MAX_WATCH_AGE",
        value_name = "DURATION",
        value_parser = duration,
        default_value = "150s"
    )]
    max_watch_age: Duration,
}

impl AdminOptions {
    /// Longest silence of a watch with which the process is ready; nothing if there is none.
    pub fn max_watch_age(&self) -> Option<Duration> {
        Some(self.max_watch_age).filter(|longest| !longest.is_zero())
    }
}

/// How far an agent may be behind.
#[derive(Args, Clone, Debug)]
pub struct LagOptions {
    /// When a change of Services or policies is not in the kernel after this time, /readyz fails; 0 for
    /// never.
    #[arg(
        long,
        env = "KINGLET_MAX_LAG",
        value_name = "DURATION",
        value_parser = duration,
        default_value = "10s"
    )]
    max_lag: Duration,
}

impl LagOptions {
    /// Longest wait of a change with which the agent is ready; nothing if there is none.
    pub fn max_lag(&self) -> Option<Duration> {
        Some(self.max_lag).filter(|longest| !longest.is_zero())
    }
}

/// Addresses of Pods.
#[derive(Args, Clone, Debug)]
pub struct PodRangeOptions {
    /// Ranges of Pod addresses: one, or one per IP family separated by a comma. They tell Pods from clients
    /// outside, and must not overlap the Service ranges.
    #[arg(
        long,
        env = "KINGLET_CLUSTER_CIDR",
        value_name = "CIDR",
        value_delimiter = ',',
        default_value = "10.42.0.0/16"
    )]
    pub cluster_cidr: Vec<IpNet>,
}

impl PodRangeOptions {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Not one range, or two of different families.
    pub fn validate(&self) -> Result<(), RangesError> {
        one_per_family("cluster-cidr", &self.cluster_cidr)
    }
}
