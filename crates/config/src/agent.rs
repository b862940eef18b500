//! Options of `kinglet agent`.

use std::path::PathBuf;

use clap::Args;

use crate::netpol::{EnforcementOptions, NetworkPolicyOptions};
use crate::node::{CloudOptions, NodeOptions};
use crate::ranges::RangesError;
use crate::service_proxy::ServiceProxyOptions;
use crate::servicelb::ServiceLbOptions;
use crate::shared::{AdminOptions, DisableOptions, LagOptions, PodRangeOptions};

/// Options of `kinglet agent`.
// A server may run on the same machine: the port of health and metrics is another one.
#[derive(Args, Clone, Debug)]
#[command(mut_arg("admin_listen", |option| option.default_value("127.0.0.1:9901")))]
pub struct AgentOptions {
    /// The cluster that the node belongs to [default: that of KUBECONFIG or ~/.kube/config, as for kubectl;
    /// in a Pod that of its service account].
    #[arg(long, env = "KINGLET_KUBECONFIG", value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
    /// The node itself.
    #[command(flatten)]
    pub node: NodeOptions,
    /// Whether Kinglet is the cluster's cloud controller.
    #[command(flatten)]
    pub cloud: CloudOptions,
    /// How load balancers are served.
    #[command(flatten)]
    pub servicelb: ServiceLbOptions,
    /// Whether policies are enforced.
    #[command(flatten)]
    pub network_policy: NetworkPolicyOptions,
    /// How they are.
    #[command(flatten)]
    pub enforcement: EnforcementOptions,
    /// What does not run.
    #[command(flatten)]
    pub components: DisableOptions,
    /// Whether there is no kube-proxy.
    #[command(flatten)]
    pub proxy: ServiceProxyOptions,
    /// Addresses of Pods.
    #[command(flatten)]
    pub pods: PodRangeOptions,
    /// Where the CNI plugin asks whether a pod may start (see kinglet cni).
    #[arg(
        long,
        env = "KINGLET_CNI_SOCKET",
        value_name = "PATH",
        default_value = "/run/kinglet/agent.sock"
    )]
    pub cni_socket: PathBuf,
    /// The admin server.
    #[command(flatten)]
    pub admin: AdminOptions,
    /// How far it may be behind.
    #[command(flatten)]
    pub lag: LagOptions,
}

impl AgentOptions {
    /// Checks the ranges.
    ///
    /// # Errors
    /// Not one range, or two of different families.
    pub fn validate(&self) -> Result<(), RangesError> {
        self.pods.validate()
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        options: AgentOptions,
    }

    fn agent(flags: &[&str]) -> AgentOptions {
        let arguments = ["agent", "--kubeconfig=cluster.yaml"].iter().chain(flags);
        Alone::try_parse_from(arguments).unwrap().options
    }

    #[test]
    fn an_agent_and_a_server_fit_on_one_machine() {
        assert_eq!(agent(&[]).admin.admin_listen.to_string(), "127.0.0.1:9901");
        let other = agent(&["--admin-listen=0.0.0.0:1"]);
        assert_eq!(other.admin.admin_listen.to_string(), "0.0.0.0:1");
    }

    #[test]
    fn bounds_of_readiness_can_be_left_out() {
        let bounds = |flags: &[&str]| {
            let options = agent(flags);
            [options.admin.max_watch_age(), options.lag.max_lag()].map(|bound| bound.map(|one| one.as_secs()))
        };
        assert_eq!(bounds(&[]), [Some(150), Some(10)]);
        assert_eq!(bounds(&["--max-watch-age=5m", "--max-lag=0"]), [Some(300), None]);
        assert_eq!(bounds(&["--max-watch-age=0"]), [None, Some(10)]);
    }

    #[test]
    fn ranges_are_checked_as_for_servers() {
        assert_eq!(
            agent(&["--cluster-cidr=10.42.0.0/16,fd42::/56"]).validate(),
            Ok(())
        );
        let refused = agent(&["--cluster-cidr=10.42.0.0/16,10.44.0.0/16"]).validate();
        assert_eq!(
            refused.unwrap_err().to_string(),
            "--cluster-cidr 10.42.0.0/16,10.44.0.0/16: give one range, or one IPv4 and one IPv6 range"
        );
    }
}
