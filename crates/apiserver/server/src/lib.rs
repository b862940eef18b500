//! An embedded Kubernetes API server.
//!
//! It is what `kubectl`, client libraries and controllers talk to when Kinglet runs without a cluster: enough of the Kubernetes API, right
//! where it answers, durable on disk. Everything is driven by the table of kinds (`kinglet-api-kinds`): a kind is an entry, not a handler.
//!
//! In: HTTP requests, over TLS or in process. Out: HTTP responses as the Kubernetes API defines them.
//!
//! Invariant: knows no service of Kinglet; services know it only through a client.

pub mod error;
