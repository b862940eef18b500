//! An embedded Kubernetes API server.
//!
//! It is what `kubectl`, client libraries and controllers talk to when Kinglet runs without a cluster: enough
//! of the Kubernetes API, right where it answers, durable on disk. Everything is driven by the table of kinds
//! (`kinglet-api-kinds`): a kind is an entry, not a handler.
//!
//! In: HTTP requests, over TLS or in process. Out: HTTP responses as the Kubernetes API defines them.
//!
//! Deviations from Kubernetes, on purpose:
//! - EndpointSlices may hold loopback addresses: the backends of a stand-alone server live there.
//! - Every authenticated identity is an administrator. RBAC objects are stored, but there is nobody whom they
//!   could restrict.
//! - Where no kubelets stand behind it, `pods/log`, `pods/exec` and the like answer 501.
//!
//! Invariant: knows no service of Kinglet; services know it only through a client.

mod allocation;
mod api;
mod auth;
mod bootstrap;
mod custom;
mod discovery;
pub mod error;
mod hooks;
mod http;
mod inner;
mod kubelet;
mod listener;
mod meta;
mod registry;
mod serve;
mod settings;
mod store;
mod verbs;
mod watch;

pub use api::{ApiServer, OpenError};
pub use auth::{AuthorityError, Identity};
pub use http::Body;
pub use kubelet::KubeletClient;
pub use listener::{BindError, Listening};
pub use settings::ApiServerSettings;
pub use store::{DiskError, StoreError};
