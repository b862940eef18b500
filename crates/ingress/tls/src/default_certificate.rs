//! The certificate for server names that have none.

use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::sign::CertifiedKey;

/// A self-signed certificate. Made once per process, so that clients that pinned it keep their trust while
/// configurations change.
#[derive(Clone, Debug)]
pub struct DefaultCertificate(pub(crate) Arc<CertifiedKey>);

/// Why there is no default certificate.
#[derive(Debug, thiserror::Error)]
pub enum DefaultCertificateError {
    /// It could not be made.
    #[error(transparent)]
    Generate(#[from] rcgen::Error),
    /// The provider cannot load it.
    #[error(transparent)]
    Load(#[from] rustls::Error),
}

impl DefaultCertificate {
    /// Makes a key and signs a certificate with it.
    pub fn generate(provider: &CryptoProvider) -> Result<Self, DefaultCertificateError> {
        let key = rcgen::KeyPair::generate()?;
        // `.invalid` never resolves (RFC 2606): the certificate must not be valid for any host.
        let mut parameters = rcgen::CertificateParams::new(vec!["default.kinglet.invalid".to_owned()])?;
        // rcgen's own has a common name, which would stand beside ours.
        parameters.distinguished_name = rcgen::DistinguishedName::new();
        parameters
            .distinguished_name
            // After `TRAEFIK DEFAULT CERT`: who meets it in a browser knows that the host has no certificate.
            .push(rcgen::DnType::CommonName, "KINGLET DEFAULT CERT");
        let certificate = parameters.self_signed(&key)?;
        let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
        let key = CertifiedKey::from_der(vec![certificate.der().clone()], key, provider)?;
        Ok(Self(Arc::new(key)))
    }
}
