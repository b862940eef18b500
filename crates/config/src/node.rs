//! Options of the node agent, and of the cloud controller that reads what it writes.

use std::net::IpAddr;

use clap::Args;

/// Name and addresses of this node. The agent writes them to the annotations `k3s.io/*` of its Node.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Node")]
pub struct NodeOptions {
    /// Name of this node [default: the host name in lower case].
    #[arg(long, env = "KINGLET_NODE_NAME", value_name = "NAME", value_parser = node_name)]
    pub node_name: Option<String>,
    /// Addresses of this node inside the cluster's network (InternalIP), the primary one first; repeat it, or
    /// separate them by commas [default: the address of the default route].
    #[arg(
        long,
        env = "KINGLET_NODE_IP",
        value_name = "ADDRESS",
        value_delimiter = ',',
        value_parser = node_address
    )]
    pub node_ip: Vec<IpAddr>,
    /// Addresses that reach this node from outside (ExternalIP); repeat it, or separate them by commas.
    #[arg(
        long,
        env = "KINGLET_NODE_EXTERNAL_IP",
        value_name = "ADDRESS",
        value_delimiter = ',',
        value_parser = node_address
    )]
    pub node_external_ip: Vec<IpAddr>,
    /// DNS names of this node inside the cluster's network (InternalDNS); repeat it, or separate them by
    /// commas.
    #[arg(
        long,
        env = "KINGLET_NODE_INTERNAL_DNS",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = dns_name
    )]
    pub node_internal_dns: Vec<String>,
    /// DNS names that reach this node from outside (ExternalDNS); repeat it, or separate them by commas.
    #[arg(
        long,
        env = "KINGLET_NODE_EXTERNAL_DNS",
        value_name = "NAME",
        value_delimiter = ',',
        value_parser = dns_name
    )]
    pub node_external_dns: Vec<String>,
}

/// Whether Kinglet is the cluster's cloud controller.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Cloud controller")]
pub struct CloudOptions {
    /// Leave addresses, provider IDs and labels of Nodes to kubelets or another cloud provider. Must be the
    /// same on all servers and nodes.
    #[arg(long, env = "KINGLET_DISABLE_CLOUD_CONTROLLER")]
    pub disable_cloud_controller: bool,
}

/// What is accepted instead of a name or an address of a node.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NodeError {
    #[error("an IPv4 or IPv6 address is accepted")]
    Address,
    #[error("an address by which other nodes reach this one is accepted")]
    Unreachable,
    #[error("a name of at most 253 lower-case letters, digits, dashes and dots is accepted (RFC 1123)")]
    Name,
    #[error("a DNS name of at most 253 letters, digits, dashes and dots is accepted (RFC 1123)")]
    DnsName,
}

pub(crate) fn node_address(text: &str) -> Result<IpAddr, NodeError> {
    let ip: IpAddr = text.trim().parse().map_err(|_| NodeError::Address)?;
    if ip.is_unspecified() || ip.is_loopback() || ip.is_multicast() {
        return Err(NodeError::Unreachable);
    }
    Ok(ip)
}

fn node_name(text: &str) -> Result<String, NodeError> {
    // Kubernetes wants names of Nodes in lower case; other DNS names may have any.
    let is_node_name = is_name(text, |byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    is_node_name.then(|| text.to_owned()).ok_or(NodeError::Name)
}

fn dns_name(text: &str) -> Result<String, NodeError> {
    let is_dns_name = is_name(text, |byte| byte.is_ascii_alphanumeric());
    is_dns_name.then(|| text.to_owned()).ok_or(NodeError::DnsName)
}

/// Whether a text is labels of certain characters and inner dashes, separated by dots.
fn is_name(text: &str, accepted: fn(u8) -> bool) -> bool {
    let is_label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|byte| byte == b'-' || accepted(byte))
    };
    text.len() <= 253 && text.split('.').all(is_label)
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Debug, Parser)]
    struct Agent {
        #[command(flatten)]
        node: NodeOptions,
        #[command(flatten)]
        cloud: CloudOptions,
    }

    fn parse(flags: &[&str]) -> Result<Agent, String> {
        let arguments = ["agent"].iter().chain(flags);
        Agent::try_parse_from(arguments).map_err(|error| error.to_string())
    }

    #[test]
    fn nothing_needs_to_be_set() {
        let agent = parse(&[]).unwrap();
        assert!(!agent.cloud.disable_cloud_controller);
        assert_eq!(agent.node.node_name, None);
        assert!(agent.node.node_ip.is_empty() && agent.node.node_external_dns.is_empty());
    }

    #[test]
    fn lists_are_repeated_or_separated_by_commas() {
        let agent = parse(&[
            "--disable-cloud-controller",
            "--node-name=n1.example.com",
            "--node-ip=10.0.0.1,fd00::1",
            "--node-external-ip=1.2.3.4",
            "--node-external-ip=2001:db8::1",
            "--node-internal-dns=n1.internal",
            "--node-external-dns=A.example.com,b.example.com",
        ])
        .unwrap();
        let texts = |ips: &[IpAddr]| ips.iter().map(ToString::to_string).collect::<Vec<_>>();
        assert!(agent.cloud.disable_cloud_controller);
        assert_eq!(agent.node.node_name.as_deref(), Some("n1.example.com"));
        assert_eq!(texts(&agent.node.node_ip), ["10.0.0.1", "fd00::1"]);
        assert_eq!(texts(&agent.node.node_external_ip), ["1.2.3.4", "2001:db8::1"]);
        assert_eq!(agent.node.node_internal_dns, ["n1.internal"]);
        assert_eq!(agent.node.node_external_dns, ["A.example.com", "b.example.com"]);
    }

    #[test]
    fn refusals_name_flag_value_and_what_is_accepted() {
        let table = [
            ("--node-ip=10.0.0.300", "an IPv4 or IPv6 address is accepted"),
            (
                "--node-external-ip=127.0.0.1",
                "an address by which other nodes reach this one is accepted",
            ),
            ("--node-name=Node_1", "253 lower-case letters"),
            ("--node-internal-dns=a..b", "a DNS name"),
            ("--node-external-dns=-a.example.com", "a DNS name"),
        ];
        for (flag, accepted) in table {
            let (name, value) = flag.split_once('=').unwrap();
            let error = parse(&[flag]).unwrap_err();
            for part in [name, value, accepted] {
                assert!(error.contains(part), "{error}");
            }
        }
    }

    #[test]
    fn every_option_explains_itself_and_has_a_variable() {
        let command = Agent::command();
        let own = |option: &&clap::Arg| option.get_id() != "help";
        for option in command.get_arguments().filter(own) {
            let name = option.get_id().as_str().to_uppercase();
            assert!(option.get_help().is_some(), "{name}");
            let variable = option.get_env().unwrap().to_str().unwrap();
            assert_eq!(variable, format!("KINGLET_{name}"));
        }
    }
}
