//! Which certificate a TLS client is shown.

use std::sync::Arc;

use hashbrown::HashMap;
use kinglet_ingress_routes::Certificate;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::PrivateKeyDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::snapshot::SharedSnapshot;

/// Certificates by name. A name may have several: the newest that the client's signature algorithms allow is
/// taken, so an ECDSA and an RSA certificate can stand side by side.
#[derive(Debug, Default)]
pub(crate) struct CertificateMap {
    exact: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    /// Without the `*.` in front.
    wildcard: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
}

impl CertificateMap {
    /// Indexes certificates by their names; the start of validity, then the Secret's name, decides between
    /// equals.
    pub(crate) fn new(certificates: &[Arc<Certificate>]) -> Self {
        let mut sorted: Vec<_> = certificates.iter().collect();
        sorted.sort_by_key(|certificate| (std::cmp::Reverse(certificate.not_before), &certificate.secret));
        let mut map = Self::default();
        for certificate in sorted {
            for name in &certificate.names {
                let keys = match name.strip_prefix("*.") {
                    Some(domain) => map.wildcard.entry_ref(domain).or_default(),
                    None => map.exact.entry_ref(&**name).or_default(),
                };
                keys.push(certificate.key.clone());
            }
        }
        map
    }

    /// The certificate for a server name: an exact name before a wildcard of one label. `usable` tells what
    /// the client supports.
    fn find(&self, name: &str, usable: impl Fn(&CertifiedKey) -> bool) -> Option<Arc<CertifiedKey>> {
        let mut buffer = [0; 255];
        let name = kinglet_ingress_routes::host::canonical(name, &mut buffer);
        let exact = self.exact.get(name);
        let wildcard = name
            .split_once('.')
            .and_then(|(_, domain)| self.wildcard.get(domain));
        [exact, wildcard]
            .into_iter()
            .flatten()
            .flatten()
            .find(|key| usable(key))
            .cloned()
    }
}

/// Looks certificates up in the present snapshot.
#[derive(Debug)]
pub(crate) struct Resolver {
    pub(crate) snapshot: SharedSnapshot,
    pub(crate) default: Arc<CertifiedKey>,
}

impl ResolvesServerCert for Resolver {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let usable = |key: &CertifiedKey| key.key.choose_scheme(hello.signature_schemes()).is_some();
        let snapshot = self.snapshot.load();
        let found = hello
            .server_name()
            .and_then(|name| snapshot.certificates.find(name, usable));
        Some(found.unwrap_or_else(|| self.default.clone()))
    }
}

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

/// A self-signed certificate for clients whose server name has none; made once per process.
pub(crate) fn default_certificate(
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, DefaultCertificateError> {
    let key = rcgen::KeyPair::generate()?;
    let mut parameters = rcgen::CertificateParams::new(vec!["default.kinglet.invalid".to_owned()])?;
    parameters.distinguished_name = rcgen::DistinguishedName::new();
    parameters
        .distinguished_name
        .push(rcgen::DnType::CommonName, "KINGLET DEFAULT CERT");
    let certificate = parameters.self_signed(&key)?;
    let key = PrivateKeyDer::Pkcs8(key.serialize_der().into());
    Ok(Arc::new(CertifiedKey::from_der(
        vec![certificate.der().clone()],
        key,
        provider,
    )?))
}
