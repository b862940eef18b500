//! What a node without a kube-proxy needs besides rules.

use std::path::Path;

use kinglet_config::ServiceProxyOptions;
use kinglet_dataplane_agent::{ConntrackLimits, RouteLocalnet};
use tracing::warn;

use crate::host::STATE;

/// Sets the limits of connection tracking. Answers the switch that is to be set when the rules are in the
/// kernel, if NodePorts are served on 127.0.0.1; else an earlier run's is taken back while its rules stand.
pub(crate) fn prepare(options: &ServiceProxyOptions) -> Option<RouteLocalnet> {
    if options.service_proxy {
        limits(options).raise();
    }
    let switch = RouteLocalnet::of_this_namespace(Path::new(STATE));
    if options.service_proxy && options.localhost_nodeports {
        match switch.check() {
            Ok(()) => return Some(switch),
            Err(error) => warn!(
                "NodePorts are not served on 127.0.0.1: net.ipv4.conf.all.route_localnet cannot be set: {error}"
            ),
        }
    } else if let Err(error) = switch.reset() {
        warn!("net.ipv4.conf.all.route_localnet, which an earlier run set, cannot be reset: {error}");
    }
    None
}

/// Lets packets from 127.0.0.1 leave the machine, now that rules drop those that come from outside.
pub(crate) fn serve_localhost(switch: &RouteLocalnet) {
    if let Err(error) = switch.set() {
        warn!("NodePorts are not served on 127.0.0.1: {error}");
    }
}

fn limits(options: &ServiceProxyOptions) -> ConntrackLimits {
    ConntrackLimits {
        max_per_core: options.conntrack_max_per_core,
        min: options.conntrack_min,
        tcp_timeout_established: options.conntrack_tcp_timeout_established,
        tcp_timeout_close_wait: options.conntrack_tcp_timeout_close_wait,
    }
}
