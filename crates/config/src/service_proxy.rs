//! Options of nodes without a kube-proxy.

use std::time::Duration;

use clap::{ArgAction, Args};

use crate::duration::duration;

/// Options of nodes without a kube-proxy; those besides the first have an effect only with it.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Service proxy")]
pub struct ServiceProxyOptions {
    /// Serve ClusterIPs and NodePorts, too: for nodes without a kube-proxy.
    #[arg(long, env = "KINGLET_SERVICE_PROXY")]
    pub service_proxy: bool,
    /// With --service-proxy: serve NodePorts on 127.0.0.1, too. Sets net.ipv4.conf.all.route_localnet, and
    /// drops packets from and to loopback addresses that come from other machines.
    #[arg(
        long,
        visible_alias = "iptables-localhost-nodeports",
        env = "KINGLET_LOCALHOST_NODEPORTS",
        value_name = "BOOL",
        default_value_t = true,
        action = ArgAction::Set
    )]
    pub localhost_nodeports: bool,
    /// With --service-proxy: connections that the kernel tracks, for each CPU; 0 leaves its limit as it is. A
    /// higher limit is never lowered; so for the options below.
    #[arg(
        long,
        env = "KINGLET_CONNTRACK_MAX_PER_CORE",
        value_name = "NUMBER",
        default_value_t = 32_768
    )]
    pub conntrack_max_per_core: u32,
    /// The least number of connections that the kernel tracks, however few CPUs there are.
    #[arg(
        long,
        env = "KINGLET_CONNTRACK_MIN",
        value_name = "NUMBER",
        default_value_t = 131_072
    )]
    pub conntrack_min: u32,
    /// How long an idle TCP connection is tracked; 0 leaves it as it is.
    #[arg(
        long,
        env = "KINGLET_CONNTRACK_TCP_TIMEOUT_ESTABLISHED",
        value_name = "DURATION",
        value_parser = duration,
        default_value = "24h"
    )]
    pub conntrack_tcp_timeout_established: Duration,
    /// How long a TCP connection is tracked that only one side has closed; 0 leaves it as it is.
    #[arg(
        long,
        env = "KINGLET_CONNTRACK_TCP_TIMEOUT_CLOSE_WAIT",
        value_name = "DURATION",
        value_parser = duration,
        default_value = "1h"
    )]
    pub conntrack_tcp_timeout_close_wait: Duration,
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        options: ServiceProxyOptions,
    }

    fn parse(flags: &[&str]) -> Result<ServiceProxyOptions, String> {
        let arguments = ["agent"].iter().chain(flags);
        let parsed = Alone::try_parse_from(arguments).map_err(|error| error.to_string())?;
        Ok(parsed.options)
    }

    #[test]
    fn defaults_are_those_of_kube_proxy() {
        let options = parse(&[]).unwrap();
        assert!(!options.service_proxy && options.localhost_nodeports);
        assert_eq!(
            (options.conntrack_max_per_core, options.conntrack_min),
            (32_768, 131_072)
        );
        assert_eq!(options.conntrack_tcp_timeout_established.as_secs(), 86_400);
        assert_eq!(options.conntrack_tcp_timeout_close_wait.as_secs(), 3600);
    }

    #[test]
    fn flags_are_written_as_for_kube_proxy() {
        let options = parse(&[
            "--iptables-localhost-nodeports=false",
            "--conntrack-max-per-core=0",
            "--conntrack-tcp-timeout-established=0s",
            "--conntrack-tcp-timeout-close-wait=2h0m0s",
        ])
        .unwrap();
        assert!(!options.localhost_nodeports);
        assert_eq!(options.conntrack_max_per_core, 0);
        assert!(options.conntrack_tcp_timeout_established.is_zero());
        assert_eq!(options.conntrack_tcp_timeout_close_wait.as_secs(), 7200);
        assert!(
            !parse(&["--localhost-nodeports", "false"])
                .unwrap()
                .localhost_nodeports
        );
        let refused = parse(&["--conntrack-tcp-timeout-close-wait=1"]).unwrap_err();
        assert!(
            refused.contains("a duration such as 30s, 5m or 1h30m is accepted"),
            "{refused}"
        );
    }
}
