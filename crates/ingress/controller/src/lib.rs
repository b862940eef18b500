//! Follows the cluster and publishes what the ingress proxy serves: the shell around
//! `kinglet-ingress-providers`.
//!
//! In: Ingresses, IngressClasses, Services, EndpointSlices, Secrets and Nodes ([`KINDS`]) from the process'
//! reflectors. Out: a [`ProxySnapshot`](kinglet_ingress_proxy::ProxySnapshot) after every burst of changes, a
//! warning Event for every problem of an Ingress (`problems`), and the status of Ingresses (`status`) with the
//! addresses of a Service or of this process (`published`). Every server routes; of those of a cluster one
//! writes (`leadership`).
//!
//! Invariant: decides nothing about routes and holds no connection; while the API server is away, what was
//! published last goes on being served.

mod controller;
mod leadership;
mod problems;
mod published;
mod status;

pub use controller::{IngressController, KINDS, Outputs};
pub use problems::ProblemMetrics;
pub use published::Publication;
pub use status::COMPONENT;
