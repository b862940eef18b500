//! What certificates say.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

/// A certificate with less life than this left is renewed at the next start.
const RENEW: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Looks at a parsed certificate.
fn inspect<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    Some(look(&certificate))
}

/// Whether a certificate is valid now and enough of its life is left. One whose validity begins in the future
/// was made by a clock that was ahead: nobody accepts it before.
pub(super) fn lasts(pem: &str) -> bool {
    let now = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default();
    let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
    let (now, soon) = (seconds(now), seconds(now + RENEW));
    inspect(pem, |certificate| {
        let validity = certificate.validity();
        validity.not_before.timestamp() <= now && validity.not_after.timestamp() > soon
    })
    .unwrap_or(false)
}

/// Whether a certificate is for a key, given as `SubjectPublicKeyInfo` (DER).
pub(super) fn is_for_key(pem: &str, key: &[u8]) -> bool {
    inspect(pem, |certificate| certificate.public_key().raw == key).unwrap_or(false)
}

/// Whether the CA's key has signed a certificate.
pub(super) fn issued_by(pem: &str, ca: &str) -> bool {
    inspect(ca, |ca| {
        inspect(pem, |certificate| {
            // Not by the issuer's name: a renewed authority has the name of the old one.
            certificate.verify_signature(Some(ca.public_key())).is_ok()
        })
    })
    .flatten()
    .unwrap_or(false)
}

/// Whether a certificate is good for all addresses and names.
pub(super) fn covers(pem: &str, addresses: &[IpAddr], names: &[String]) -> bool {
    let found = inspect(pem, |certificate| {
        let extension = certificate.subject_alternative_name().ok().flatten();
        let all = extension
            .map(|extension| extension.value.general_names.as_slice())
            .unwrap_or_default();
        let texts = all.iter().filter_map(|name| match name {
            GeneralName::DNSName(name) => Some((*name).to_owned()),
            GeneralName::IPAddress(bytes) => address_text(bytes),
            _ => None,
        });
        texts.collect::<Vec<String>>()
    })
    .unwrap_or_default();
    addresses
        .iter()
        .all(|address| found.contains(&address.to_string()))
        && names.iter().all(|name| found.contains(name))
}

fn address_text(bytes: &[u8]) -> Option<String> {
    let v4 = || <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from);
    let v6 = || <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from);
    v4().or_else(v6).map(|address| address.to_string())
}
