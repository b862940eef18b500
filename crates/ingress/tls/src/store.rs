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

    /// The store that follows this one. Certificates that did not change are not decoded again. For equal
    /// names the start of validity, then the Secret's name decides.
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
        // The order in which `find` looks: whatever the order of the configuration, the same certificate is
        // shown.
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

    /// The certificate for a server name: an exact name before a wildcard of one label (RFC 6125 section
    /// 6.4.3). `usable` tells what the client supports.
    pub(crate) fn find(
        &self,
        name: &str,
        usable: impl Fn(&CertifiedKey) -> bool,
    ) -> Option<Arc<CertifiedKey>> {
        // No DNS name is longer (RFC 1035, section 3.1).
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

#[cfg(test)]
mod tests {
    use super::*;

    fn certificate(secret: &str, names: &[&str], year: i32) -> Arc<Certificate> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut parameters = rcgen::CertificateParams::new(names).unwrap();
        parameters.not_before = rcgen::date_time_ymd(year, 1, 1);
        let key = rcgen::KeyPair::generate().unwrap();
        let chain = parameters.self_signed(&key).unwrap().pem();
        Arc::new(Certificate {
            secret: ObjectName::new("default", secret),
            chain: chain.into_bytes().into(),
            key: key.serialize_pem().into_bytes().into(),
        })
    }

    fn empty() -> CertificateStore {
        CertificateStore::new(Arc::new(rustls::crypto::ring::default_provider()))
    }

    #[test]
    fn names_choose_and_the_newest_of_equals_wins() {
        let older = certificate("a", &["a.example.com"], 2020);
        let newer = certificate("b", &["a.example.com"], 2024);
        let wildcard = certificate("c", &["*.example.com"], 2025);
        let store = empty().next(&[wildcard.clone(), older.clone(), newer.clone()]);
        let key = |certificate: &Certificate| {
            let (_, loaded) = &store.decoded[&certificate.secret];
            Some(loaded.as_ref().unwrap().key.clone())
        };
        let same = |found: Option<Arc<CertifiedKey>>, wanted: Option<Arc<CertifiedKey>>| match (found, wanted)
        {
            (Some(found), Some(wanted)) => Arc::ptr_eq(&found, &wanted),
            (found, wanted) => found.is_none() && wanted.is_none(),
        };
        for (name, wanted) in [
            ("a.example.com", key(&newer)),
            ("A.Example.COM.", key(&newer)),
            ("b.example.com", key(&wildcard)),
            ("a.b.example.com", None),
            ("example.com", None),
        ] {
            assert!(same(store.find(name, |_| true), wanted), "{name}");
        }
        let old = key(&older);
        let not_the_newer = |one: &CertifiedKey| one.cert == old.as_ref().unwrap().cert;
        assert!(same(store.find("a.example.com", not_the_newer), key(&older)));
    }

    #[test]
    fn what_did_not_change_is_not_loaded_again_and_broken_texts_are_told() {
        let good = certificate("good", &["a.example.com"], 2024);
        let mut broken = Certificate::clone(&good);
        broken.secret = ObjectName::new("default", "broken");
        broken.chain = Box::default();
        let first = empty().next(&[good.clone(), Arc::new(broken)]);
        let unusable = Unusable {
            secret: ObjectName::new("default", "broken"),
            error: CertificateError::NoCertificate,
        };
        assert_eq!(first.unusable(), [unusable]);
        let second = first.next(&[Arc::new(Certificate::clone(&good))]);
        let key = |store: &CertificateStore| store.find("a.example.com", |_| true).unwrap();
        assert!(Arc::ptr_eq(&key(&first), &key(&second)));
        assert_eq!(second.unusable(), []);
    }
}
