//! A certificate with its key, decoded and checked.

use std::sync::Arc;

use kinglet_ingress_routes::Certificate;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// A certificate chain with its signing key, and what choosing among certificates needs to know.
#[derive(Debug)]
pub(crate) struct LoadedCertificate {
    /// DNS names that the certificate is for, in lower case, wildcards as `*.example.com`: the subject's
    /// alternative names, or its common name when there are none.
    pub(crate) names: Vec<Box<str>>,
    /// Start of validity, in seconds of the Unix epoch.
    pub(crate) not_before: i64,
    /// Chain and signing key.
    pub(crate) key: Arc<CertifiedKey>,
}

/// Why `tls.crt` and `tls.key` cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateError {
    /// The chain is not PEM, or holds no certificate.
    #[error("tls.crt holds no PEM certificate")]
    NoCertificate,
    /// The key is not PEM, or holds no private key.
    #[error("tls.key holds no PEM private key (PKCS#8, PKCS#1 and SEC 1 are accepted)")]
    NoKey,
    /// The first certificate of the chain cannot be decoded.
    #[error("tls.crt does not start with a valid X.509 certificate: {0}")]
    Malformed(String),
    /// The key cannot be used, or is not the certificate's.
    #[error("tls.key cannot be used with tls.crt: {0}")]
    Key(String),
}

impl LoadedCertificate {
    /// Decodes a chain (end-entity certificate first) and its key and checks that they belong together.
    pub(crate) fn load(
        certificate: &Certificate,
        provider: &CryptoProvider,
    ) -> Result<Self, CertificateError> {
        let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&certificate.chain)
            .collect::<Result<_, _>>()
            .map_err(|_| CertificateError::NoCertificate)?;
        let key = PrivateKeyDer::from_pem_slice(&certificate.key).map_err(|_| CertificateError::NoKey)?;
        let (names, not_before) = describe(chain.first().ok_or(CertificateError::NoCertificate)?)?;
        // Compares the public keys of both: a handshake with another key would fail for every client.
        let key = CertifiedKey::from_der(chain, key, provider)
            .map_err(|error| CertificateError::Key(error.to_string()))?;
        Ok(Self {
            names,
            not_before,
            key: Arc::new(key),
        })
    }
}

/// Names and start of validity of a certificate.
fn describe(der: &[u8]) -> Result<(Vec<Box<str>>, i64), CertificateError> {
    let malformed = |error: &dyn std::fmt::Display| CertificateError::Malformed(error.to_string());
    let (_, certificate) = X509Certificate::from_der(der).map_err(|error| malformed(&error))?;
    let alternative = certificate
        .subject_alternative_name()
        .map_err(|error| malformed(&error))?;
    // A common name counts only where there are no alternative names (RFC 6125 section 6.4.4).
    let names = match alternative {
        Some(extension) => extension
            .value
            .general_names
            .iter()
            .filter_map(dns_name)
            .collect(),
        None => common_name(&certificate).into_iter().collect(),
    };
    Ok((names, certificate.validity().not_before.timestamp()))
}

fn dns_name(name: &GeneralName<'_>) -> Option<Box<str>> {
    match name {
        // No addresses: clients send none as a server name (RFC 6066, section 3).
        GeneralName::DNSName(name) => Some(name.to_ascii_lowercase().into()),
        _ => None,
    }
}

fn common_name(certificate: &X509Certificate<'_>) -> Option<Box<str>> {
    let name = certificate.subject().iter_common_name().next()?;
    Some(name.as_str().ok()?.to_ascii_lowercase().into())
}

#[cfg(test)]
mod tests {
    use kinglet_model::ObjectName;

    use super::*;

    fn pem(names: &[&str]) -> (String, String) {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let pair = rcgen::generate_simple_self_signed(names).unwrap();
        (pair.cert.pem(), pair.signing_key.serialize_pem())
    }

    fn read(chain: &str, key: &str) -> Result<LoadedCertificate, CertificateError> {
        let provider = rustls::crypto::ring::default_provider();
        let certificate = Certificate {
            secret: ObjectName::new("default", "web"),
            chain: chain.as_bytes().into(),
            key: key.as_bytes().into(),
        };
        LoadedCertificate::load(&certificate, &provider)
    }

    #[test]
    fn names_are_the_alternative_names_in_lower_case() {
        let (chain, key) = pem(&["Example.com", "*.example.com"]);
        let names = read(&chain, &key).unwrap().names;
        assert_eq!(names, ["example.com".into(), "*.example.com".into()]);
    }

    #[test]
    fn bad_input_is_told_apart() {
        let (chain, key) = pem(&["a.example.com"]);
        let (_, other_key) = pem(&["b.example.com"]);
        assert_eq!(read("", &key).unwrap_err(), CertificateError::NoCertificate);
        assert_eq!(
            read("nonsense", &key).unwrap_err(),
            CertificateError::NoCertificate
        );
        assert_eq!(read(&chain, "").unwrap_err(), CertificateError::NoKey);
        assert!(matches!(
            read(&chain, &other_key).unwrap_err(),
            CertificateError::Key(_)
        ));
        let garbled = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(
            read(garbled, &key).unwrap_err(),
            CertificateError::Malformed(_)
        ));
    }
}
