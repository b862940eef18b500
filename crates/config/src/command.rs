//! Subcommands and options that all of them share.

use clap::builder::styling::{AnsiColor, Styles};
use clap::{Parser, Subcommand};

use crate::agent::AgentOptions;
use crate::explain::ExplainCommand;
use crate::lab::LabCommand;
use crate::logging::LogOptions;
use crate::server::{DemoOptions, ServerOptions};
use crate::shared::OutputFormat;

const STYLES: Styles = Styles::styled()
    .header(AnsiColor::Yellow.on_default().bold())
    .usage(AnsiColor::Yellow.on_default().bold())
    .literal(AnsiColor::Green.on_default())
    .placeholder(AnsiColor::Cyan.on_default());

/// The networking services of a Kubernetes cluster in one binary.
///
/// Kinglet answers cluster DNS, routes Ingress traffic and brings, when there is no cluster, a Kubernetes API
/// server of its own that kubectl talks to.
#[derive(Debug, Parser)]
#[command(name = "kinglet", version, styles = STYLES, propagate_version = true, max_term_width = 110)]
#[command(after_help = "Try it:  kinglet demo\nThen:    kinglet server --standalone --data-dir ./data")]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Logging.
    #[command(flatten)]
    pub log: LogOptions,
}

/// A subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run Kinglet on this machine.
    ///
    /// It serves DNS and ingress to a cluster: that of --kubeconfig, or in a Pod its own. With --standalone
    /// everything runs in this process: the embedded Kubernetes API server, DNS and ingress. Objects are kept
    /// in the data directory and survive restarts. Stop it with Ctrl-C or SIGTERM: connections are drained first.
    Server(Box<ServerOptions>),
    /// Run Kinglet's part of a node: load balancers, and Services where there is no kube-proxy (root).
    ///
    /// It programs the kernel by nftables, in a table of its own, kinglet-services. The rules stay when it
    /// ends, so that nothing is interrupted while it is replaced; `kinglet cleanup` removes them.
    Agent(Box<AgentOptions>),
    /// Forward a port of a load balancer's Pod; what the Pods of DaemonSets run (root).
    ///
    /// It is told by the environment variables of K3s' klipper-lb: SRC_PORT, SRC_RANGES, DEST_PROTO,
    /// DEST_PORT, DEST_IPS.
    Lb,
    /// Let pods wait for the node's agent: the last plugin of a CNI chain.
    ///
    /// Container runtimes call it, by the name kinglet in their directory of plugins; without arguments and
    /// with CNI_COMMAND in the environment it is this. A pod then has its policies before it sends its first
    /// packet. The entry at the end of a .conflist: {"type": "kinglet"}, optionally with "socket",
    /// "unreachable": "deny" or "allow", and "timeoutSeconds".
    Cni,
    /// Remove what agents, and kube-router, have left in the kernel of this node (root).
    Cleanup,
    /// Show the whole product on this machine.
    ///
    /// As root: a cluster of three nodes and an outside client, all of them network namespaces, with a
    /// Deployment of echo pods behind Services and an Ingress; prints a map of it and commands to try.
    /// Without root, or with --loopback: `server --standalone` in a fresh directory with two echo backends on
    /// loopback addresses. Ctrl-C ends it and leaves nothing behind.
    Demo(Box<DemoOptions>),
    /// A cluster of network namespaces on this machine, for trying and testing (root).
    ///
    /// Nodes and pods are network namespaces; a container is a built-in echo server or, with `command`, a
    /// program of this machine. There is no isolation but that of the network. Start with: kinglet lab up
    /// --write-kubeconfig lab.yaml
    Lab(Box<LabCommand>),
    /// Explain what Kinglet does with a connection.
    Explain(Box<ExplainCommand>),
    /// Print the completion script of a shell.
    ///
    /// For bash: kinglet completion bash > /etc/bash_completion.d/kinglet
    Completion {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the manual page (troff).
    ///
    /// To read it: kinglet man | man -l -
    Man,
    /// Print the version.
    Version {
        /// Form of the output.
        #[arg(long, short, value_enum, default_value_t)]
        output: OutputFormat,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_option_and_subcommand_explains_itself() {
        fn check(command: &clap::Command) {
            assert!(
                command.get_about().is_some(),
                "{} has no description",
                command.get_name()
            );
            for option in command.get_arguments() {
                assert!(
                    option.get_help().is_some(),
                    "{} {} has no help",
                    command.get_name(),
                    option.get_id()
                );
            }
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
