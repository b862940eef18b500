//! Kinglet's command line.
//!
//! One definition of every option gives parsing, `--help`, shell completions, the man page and the option
//! reference. Values come from flags and from `KINGLET_*` environment variables.
//!
//! Invariant: the only crate that reads settings from outside; it knows no component.

mod agent;
mod command;
mod explain;
mod lab;
mod netpol;
mod node;
mod server;
mod servicelb;

pub use agent::AgentOptions;
pub use command::{Cli, Command, LogFormat, LogOptions, OutputFormat};
pub use explain::{ExplainCommand, ExplainPolicy, ExplainTopic, PolicyPort, PolicyProtocol};
pub use lab::{
    IpFamily, LabAction, LabCommand, LabInside, LabName, LabProbe, LabService, LabServices, LabUp,
    PodNetwork, PortProtocol,
};
pub use netpol::{NetworkPolicyOptions, PolicySyncOptions};
pub use node::{CloudOptions, NodeOptions};
pub use server::{ClusterOptions, Component, DemoOptions, ListenOptions, OptionsError, ServerOptions};
pub use servicelb::{ServiceLbMode, ServiceLbOptions, ServiceLbServerOptions};
