//! TLS with clients: from PEM texts to the certificate that a client is shown.
//!
//! In: the [`Certificate`](kinglet_ingress_routes::Certificate)s of a configuration, which are plain text.
//! Out: a [`CertificateStore`] for a snapshot of the proxy, the certificates that are [`Unusable`] with the
//! reason for each, and the [`server_config`] that looks a certificate up by the server name of each
//! handshake.
//!
//! - `loaded`: a certificate with its key, decoded and checked.
//! - `store`: all of them by name; what did not change is not decoded again.
//! - `default_certificate`: what clients are shown whose server name has no certificate.
//! - `server`: the settings of handshakes.
//!
//! Invariant: cryptography begins here; no socket, no file, no Kubernetes client, and no TLS provider of its
//! own: it takes one.

mod default_certificate;
mod loaded;
mod server;
mod store;

pub use default_certificate::{DefaultCertificate, DefaultCertificateError};
pub use loaded::CertificateError;
pub use server::server_config;
pub use store::{CertificateStore, Unusable};
