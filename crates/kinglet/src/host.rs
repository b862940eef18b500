//! What the process knows of itself and of its host.

use std::sync::Arc;

use anyhow::{Context, Result};

/// Where a process keeps what it must find again when it starts again, until the machine does.
pub(crate) const STATE: &str = "/run/kinglet";

/// The TLS provider that the process installed at its start.
pub(crate) fn tls_provider() -> Result<Arc<rustls::crypto::CryptoProvider>> {
    rustls::crypto::CryptoProvider::get_default()
        .cloned()
        .context("no TLS provider is installed")
}

/// Name of this host, for Events and `X-Forwarded-Server`.
pub(crate) fn hostname() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() {
        "localhost".to_owned()
    } else {
        name.trim().to_owned()
    }
}
