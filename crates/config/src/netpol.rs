//! Options of network policy.

use std::time::Duration;

use clap::Args;

use crate::duration::duration;

/// Options of network policy.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network policy")]
pub struct NetworkPolicyOptions {
    /// Enforce no NetworkPolicies, and remove what enforced them. Agents enforce them; servers take the flag
    /// because those of K3s do.
    #[arg(long, env = "KINGLET_DISABLE_NETWORK_POLICY")]
    pub disable_network_policy: bool,
}

/// How agents check the enforcement of network policies.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Network policy")]
pub struct PolicySyncOptions {
    /// How often the kernel's rules and tracked connections are compared with what policies say, as 5m or
    /// 1h30m; 0 for never.
    #[arg(
        long,
        visible_alias = "iptables-sync-period",
        env = "KINGLET_POLICY_SYNC_PERIOD",
        value_name = "DURATION",
        value_parser = duration,
        default_value = "5m"
    )]
    policy_sync_period: Duration,
}

impl PolicySyncOptions {
    /// The time between two comparisons; nothing if there are none.
    pub fn period(&self) -> Option<Duration> {
        Some(self.policy_sync_period).filter(|period| !period.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Alone {
        #[command(flatten)]
        options: PolicySyncOptions,
    }

    fn period(arguments: &[&str]) -> Result<Option<Duration>, String> {
        let all = ["agent"].iter().chain(arguments);
        let parsed = Alone::try_parse_from(all).map_err(|error| error.to_string())?;
        Ok(parsed.options.period())
    }

    #[test]
    fn periods_are_durations() {
        let seconds = |seconds| Ok(Some(Duration::from_secs(seconds)));
        assert_eq!(period(&[]), seconds(300));
        assert_eq!(period(&["--policy-sync-period=90s"]), seconds(90));
        assert_eq!(period(&["--iptables-sync-period", "1m30s"]), seconds(90));
        assert_eq!(period(&["--policy-sync-period=0"]), Ok(None));
        assert_eq!(period(&["--policy-sync-period=0s"]), Ok(None));
        for wrong in ["5", "-5m", "soon", ""] {
            let refused = period(&[&format!("--policy-sync-period={wrong}")]).unwrap_err();
            assert!(refused.contains("such as 30s"), "{wrong}: {refused}");
        }
    }
}
