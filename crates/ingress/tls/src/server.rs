//! The TLS settings of entry points.

use std::fmt;
use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::default_certificate::DefaultCertificate;
use crate::store::CertificateStore;

/// Settings for handshakes with clients: TLS 1.2 and 1.3, `h2` and `http/1.1` by ALPN, and for each handshake
/// the certificate that the `current` store has for its server name, else the default one.
///
/// # Errors
/// The provider supports no cipher suite of these versions.
pub fn server_config(
    provider: Arc<CryptoProvider>,
    default: DefaultCertificate,
    current: impl Fn() -> Arc<CertificateStore> + Send + Sync + 'static,
) -> Result<ServerConfig, rustls::Error> {
    let resolver = Resolver { current, default };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    // In the order of preference: clients that speak both get HTTP/2 (RFC 7301 section 3.2).
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// Chooses a certificate when the ClientHello has arrived.
struct Resolver<F> {
    current: F,
    default: DefaultCertificate,
}

impl<F> fmt::Debug for Resolver<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

impl<F: Fn() -> Arc<CertificateStore> + Send + Sync> ResolvesServerCert for Resolver<F> {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        // A client that cannot verify ECDSA must get the RSA certificate of the same name if there is one.
        let usable = |key: &CertifiedKey| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let found = hello
            .server_name()
            .and_then(|name| (self.current)().find(name, usable));
        Some(found.unwrap_or_else(|| self.default.0.clone()))
    }
}
