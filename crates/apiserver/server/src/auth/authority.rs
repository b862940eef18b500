//! The certificate authority of the server, what it has signed, and the bearer token.

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use x509_parser::prelude::{FromDer, GeneralName, X509Certificate};

use super::files::{read_optional, write_private};
use super::identity::{Identity, MASTERS};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CA_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
const LEAF_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);
/// A certificate with less life than this left is renewed at the next start.
const RENEW: Duration = Duration::from_secs(90 * 24 * 60 * 60);

/// Certificates, keys or the token cannot be made, read or kept.
#[derive(Debug, thiserror::Error)]
pub enum AuthorityError {
    /// A file of the data directory.
    #[error("{path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
    /// A certificate or key cannot be made or parsed.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// A key or certificate file does not hold what it should.
    #[error("certificate file: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    /// The TLS configuration is refused.
    #[error("TLS: {0}")]
    Tls(#[from] rustls::Error),
    /// The verifier of client certificates.
    #[error("client certificates: {0}")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
    /// No randomness.
    #[error("no randomness: {0}")]
    Random(#[from] getrandom::Error),
}

/// A certificate and its key in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The server's CA, its own certificate, the administrator's certificate and token.
pub(crate) struct Authority {
    pub(crate) ca: Pair,
    server: Pair,
    pub(crate) admin: Pair,
    token: String,
}

/// The files with certificates, keys and the token; without a directory all are made anew at each start.
struct KeyFiles<'a>(Option<&'a Path>);

impl KeyFiles<'_> {
    fn read(&self, name: &str) -> Result<Option<String>, AuthorityError> {
        let Some(directory) = self.0 else { return Ok(None) };
        let path = directory.join(name);
        read_optional(&path).map_err(|source| AuthorityError::File { path, source })
    }

    fn write(&self, name: &str, content: &str) -> Result<(), AuthorityError> {
        let Some(directory) = self.0 else { return Ok(()) };
        let path = directory.join(name);
        write_private(&path, content.as_bytes()).map_err(|source| AuthorityError::File { path, source })
    }

    fn read_pair(&self, name: &str) -> Result<Option<Pair>, AuthorityError> {
        let certificate = self.read(&format!("{name}.crt"))?;
        let key = self.read(&format!("{name}.key"))?;
        Ok(certificate
            .zip(key)
            .map(|(certificate, key)| Pair { certificate, key }))
    }

    fn write_pair(&self, name: &str, pair: &Pair) -> Result<(), AuthorityError> {
        self.write(&format!("{name}.key"), &pair.key)?;
        self.write(&format!("{name}.crt"), &pair.certificate)
    }
}

impl Authority {
    /// Loads everything from a directory, making what is missing, near its expiry or made for other names.
    pub(crate) fn open(
        directory: Option<&Path>,
        addresses: &[IpAddr],
        names: &[String],
    ) -> Result<Self, AuthorityError> {
        let files = KeyFiles(directory);
        let ca = match files.read_pair("ca")?.filter(|pair| lasts(&pair.certificate)) {
            Some(pair) => pair,
            None => {
                let pair = make_ca()?;
                files.write_pair("ca", &pair)?;
                pair
            }
        };
        let issuer = Issuer::from_ca_cert_pem(&ca.certificate, KeyPair::from_pem(&ca.key)?)?;
        let leaf = |file: &str, params: CertificateParams, fits: &dyn Fn(&str) -> bool| {
            let kept = files.read_pair(file)?;
            // A leaf of an authority that was renewed would be refused by everybody who trusts the new one.
            let good = |pair: &Pair| {
                lasts(&pair.certificate)
                    && issued_by(&pair.certificate, &ca.certificate)
                    && fits(&pair.certificate)
            };
            match kept.filter(good) {
                Some(pair) => Ok(pair),
                None => {
                    let key = KeyPair::generate()?;
                    let pair = Pair {
                        certificate: params.signed_by(&key, &issuer)?.pem(),
                        key: key.serialize_pem(),
                    };
                    files.write_pair(file, &pair)?;
                    Ok::<_, AuthorityError>(pair)
                }
            }
        };
        let server = leaf("server", server_params(addresses, names)?, &|pem| {
            covers(pem, addresses, names)
        })?;
        let admin = leaf("admin", admin_params(), &|_| true)?;
        let token = match files.read("token")? {
            Some(token) if !token.trim().is_empty() => token.trim().to_owned(),
            _ => {
                let mut random = [0_u8; 32];
                getrandom::fill(&mut random)?;
                let token = URL_SAFE_NO_PAD.encode(random);
                files.write("token", &token)?;
                token
            }
        };
        Ok(Self {
            ca,
            server,
            admin,
            token,
        })
    }

    /// The administrator's bearer token.
    pub(crate) fn token(&self) -> &str {
        &self.token
    }

    /// The identity of a bearer token. The comparison takes the same time wherever the texts differ.
    pub(crate) fn identity_of_token(&self, token: &str) -> Option<Identity> {
        let (one, other) = (token.as_bytes(), self.token.as_bytes());
        let differences = one.iter().zip(other).fold(0, |sum, (a, b)| sum | (a ^ b));
        (one.len() == other.len() && differences == 0).then(Identity::admin)
    }

    /// The TLS side of the listener: client certificates are optional, HTTP/2 is offered.
    pub(crate) fn tls(&self) -> Result<ServerConfig, AuthorityError> {
        // Only the binary installs a provider; whoever uses this library alone has none.
        let provider = CryptoProvider::get_default()
            .cloned()
            .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()));
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.certificate.as_bytes())?)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone())
            // Clients with a bearer token have no certificate; who has neither gets 401 from HTTP.
            .allow_unauthenticated()
            .build()?;
        let chain = vec![CertificateDer::from_pem_slice(
            self.server.certificate.as_bytes(),
        )?];
        let key = PrivateKeyDer::from_pem_slice(self.server.key.as_bytes())?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(verifier)
            .with_single_cert(chain, key)?;
        // Without ALPN Go's clients speak HTTP/1.1 only (RFC 9113, 3.2), and need a connection for each
        // watch.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Parameters of a certificate that is valid from yesterday (clocks differ) for a time.
fn params(common_name: &str, life: Duration) -> CertificateParams {
    let mut params = CertificateParams::default();
    let now = SystemTime::now();
    params.not_before = (now - DAY).into();
    params.not_after = (now + life).into();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params
}

fn make_ca() -> Result<Pair, AuthorityError> {
    let mut params = params("kinglet-ca", CA_LIFE);
    // It signs leaves only: path length 0 (RFC 5280, section 4.2.1.9).
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    let key = KeyPair::generate()?;
    Ok(Pair {
        certificate: params.self_signed(&key)?.pem(),
        key: key.serialize_pem(),
    })
}

fn server_params(addresses: &[IpAddr], names: &[String]) -> Result<CertificateParams, AuthorityError> {
    let mut params = params("kinglet-apiserver", LEAF_LIFE);
    let all: Vec<String> = addresses
        .iter()
        .map(ToString::to_string)
        .chain(names.iter().cloned())
        .collect();
    params.subject_alt_names = CertificateParams::new(all)?.subject_alt_names;
    // An ECDSA key only signs (RFC 5280, 4.2.1.3); encipherment is for RSA keys of old cipher suites.
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    // Without it Python's ssl (VERIFY_X509_STRICT, since 3.13) refuses the certificate.
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

fn admin_params() -> CertificateParams {
    let mut params = params("system:admin", LEAF_LIFE);
    // Organisations are the groups of the user.
    params.distinguished_name.push(DnType::OrganizationName, MASTERS);
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.use_authority_key_identifier_extension = true;
    params
}

/// Looks at a parsed certificate.
fn inspect<T>(pem: &str, look: impl FnOnce(&X509Certificate<'_>) -> T) -> Option<T> {
    let der = CertificateDer::from_pem_slice(pem.as_bytes()).ok()?;
    let (_, certificate) = X509Certificate::from_der(&der).ok()?;
    Some(look(&certificate))
}

/// Whether enough of a certificate's life is left.
fn lasts(pem: &str) -> bool {
    let soon = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
        + RENEW;
    inspect(pem, |certificate| {
        u64::try_from(certificate.validity().not_after.timestamp()).is_ok_and(|end| end > soon.as_secs())
    })
    .unwrap_or(false)
}

/// Whether the CA's key has signed a certificate.
fn issued_by(pem: &str, ca: &str) -> bool {
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
fn covers(pem: &str, addresses: &[IpAddr], names: &[String]) -> bool {
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
