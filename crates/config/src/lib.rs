//! Kinglet's command line.
//!
//! One definition of every option gives parsing, `--help`, shell completions, the man page and the option
//! reference. Values come from flags and from `KINGLET_*` environment variables. What several subcommands
//! have in common is in `shared`, and flattened into their options.
//!
//! Invariant: the only crate that reads settings from outside; it knows no component.

mod agent;
mod cluster;
mod command;
mod duration;
mod explain;
mod lab;
mod listen;
mod logging;
mod netpol;
mod node;
mod port;
mod publish;
mod ranges;
mod server;
mod service_proxy;
mod servicelb;
mod shared;

pub use agent::AgentOptions;
pub use cluster::{ClusterOptions, OptionsError};
pub use command::{Cli, Command};
pub use explain::{ExplainCommand, ExplainPolicy, ExplainTopic, PodAddresses, PodAddressesError};
pub use lab::{
    IpFamily, LabAction, LabCommand, LabInside, LabName, LabProbe, LabService, LabServiceError, LabServices,
    LabUp, PodNetwork,
};
pub use listen::ListenOptions;
pub use logging::{LogFormat, LogOptions};
pub use netpol::{EnforcementOptions, NetworkPolicyOptions, PolicyDenial};
pub use node::{CloudOptions, NodeOptions};
pub use port::{PortChoice, PortError, PortProtocol, TransportProtocol};
pub use publish::{AdvertiseError, PublishOptions, ServiceName, ServiceNameError};
pub use ranges::RangesError;
pub use server::{DemoOptions, ServerOptions};
pub use service_proxy::ServiceProxyOptions;
pub use servicelb::{ServiceLbMode, ServiceLbOptions, ServiceLbServerOptions};
pub use shared::{AdminOptions, Component, DisableOptions, LagOptions, OutputFormat, PodRangeOptions};
