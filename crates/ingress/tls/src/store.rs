//! Which certificate a TLS client is shown.

use std::sync::Arc;

use hashbrown::HashMap;
use kinglet_ingress_routes::Certificate;
use kinglet_ingress_routes::host::canonical;
use kinglet_model::ObjectName;
use rustls::crypto::CryptoProvider;
use rustls::sign::CertifiedKey;

use crate::loaded::{CertificateError, LoadedCertificate};

/// A certificate, or why its texts cannot be used.
type Outcome = Result<Arc<LoadedCertificate>, CertificateError>;

/// Certificates by name. A name may have several: the newest that the client's signature algorithms allow is
/// taken, so an ECDSA and an RSA certificate can stand side by side.
#[derive(Debug)]
pub struct CertificateStore {
    provider: Arc<CryptoProvider>,
    /// What each text was decoded to: loading a key costs more than everything else about a route.
    decoded: HashMap<ObjectName, (Arc<Certificate>, Outcome)>,
    exact: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
    /// Without the `*.` in front.
    wildcard: HashMap<Box<str>, Vec<Arc<CertifiedKey>>>,
}

/// A certificate that no client is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unusable {
    /// The Secret it comes from.
    pub secret: ObjectName,
    /// What is wrong with it.
    pub error: CertificateError,
}

impl CertificateStore {
    /// A store without certificates. The provider loads the keys of all stores that follow this one.
    pub fn new(provider: Arc<CryptoProvider>) -> Self {
        Self {
            provider,
            decoded: HashMap::new(),
            exact: HashMap::new(),
            wildcard: HashMap::new(),
        }
    }

    /// The store that follows this one. Certificates that did not change are not decoded again. For equal names
    /// the start of validity, then the Secret's name decides.
    pub fn next(&self, certificates: &[Arc<Certificate>]) -> Self {
        let mut next = Self::new(self.provider.clone());
        for certificate in certificates {
            let outcome = self.decode(certificate);
            next.decoded
                .insert(certificate.secret.clone(), (certificate.clone(), outcome));
        }
        next.index();
        next
    }

    /// The certificates that cannot be used, by the names of their Secrets.
    pub fn unusable(&self) -> Vec<Unusable> {
        let mut unusable: Vec<Unusable> = self
            .decoded
            .iter()
            .filter_map(|(secret, (_, outcome))| {
                let error = outcome.as_ref().err()?.clone();
                let secret = secret.clone();
                Some(Unusable { secret, error })
            })
            .collect();
        unusable.sort_by(|one, other| one.secret.cmp(&other.secret));
        unusable
    }

    fn decode(&self, certificate: &Arc<Certificate>) -> Outcome {
        match self.decoded.get(&certificate.secret) {
            Some((before, outcome)) if Arc::ptr_eq(before, certificate) || before == certificate => {
                outcome.clone()
            }
            _ => LoadedCertificate::load(certificate, &self.provider).map(Arc::new),
        }
    }

    /// Fills the maps by name.
    fn index(&mut self) {
        let mut usable: Vec<(&ObjectName, &Arc<LoadedCertificate>)> = self
            .decoded
            .iter()
            .filter_map(|(secret, (_, outcome))| Some((secret, outcome.as_ref().ok()?)))
            .collect();
        usable.sort_by_key(|(secret, certificate)| (std::cmp::Reverse(certificate.not_before), *secret));
        for (_, certificate) in usable {
            for name in &certificate.names {
                let keys = match name.strip_prefix("*.") {
                    Some(domain) => self.wildcard.entry_ref(domain).or_default(),
                    None => self.exact.entry_ref(&**name).or_default(),
                };
                keys.push(certificate.key.clone());
            }
        }
    }

    /// The certificate for a server name: an exact name before a wildcard of one label (RFC 6125 section 6.4.3).
    /// `usable` tells what the client supports.
    pub(crate) fn find(
        &self,
        name: &str,
        usable: impl Fn(&CertifiedKey) -> bool,
    ) -> Option<Arc<CertifiedKey>> {
        let mut buffer = [0; 255];
        let name = canonical(name, &mut buffer);
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
