//! A small Kubernetes cluster on one Linux machine, without containers: nodes and pods are network
//! namespaces.
//!
//! In: a Kubernetes API, the embedded one or a real cluster's. Out: nodes that register, pods that run and
//! answer, real packets between them. It serves newcomers (`kinglet demo`), and every test of what the kernel
//! does. It is honest about itself: for trying and testing, no isolation — programs of pods run as root of
//! this machine.
//!
//! ```no_run
//! # async fn example() -> Result<(), kinglet_lab::LabError> {
//! use kinglet_lab::{Builder, Target};
//!
//! let lab = Builder::new().nodes(2).start().await?;
//! let outcome = lab.probe("client", &Target::tcp("198.18.0.11", 30080)).await?;
//! println!("{}", outcome.result.as_str());
//! # Ok(()) }
//! ```
//!
//! Invariant: knows no service of Kinglet but the data plane; its kubelets are ordinary clients of the API.

mod addressing;
mod api;
mod builder;
mod control;
mod echo;
mod error;
mod kubelet;
mod lab;
mod links;
mod netns;
mod network;
mod place;
mod probe;
mod processes;
mod registry;
mod requirements;
mod service_proxy;
mod settings;
mod spawner;
mod sys;

pub use addressing::Family;
pub use builder::Builder;
pub use control::Request;
pub use echo::{Identity, Reply};
pub use error::LabError;
pub use kubelet::logs;
pub use lab::{Lab, Progress, Starter, command, down};
pub use links::LinkError;
pub use netns::Namespace;
pub use place::Place;
pub use probe::{Outcome, ProbeError, TIMEOUT, Target, Verdict, probe};
pub use registry::{Description, Entry, NodeDescription};
pub use requirements::{RequirementError, check};
pub use settings::{LabSettings, PodNetwork, SettingsError};
