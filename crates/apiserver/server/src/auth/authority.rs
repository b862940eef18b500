//! The certificate authority of the server, what it has signed, and the bearer token.

use std::net::IpAddr;
use std::path::Path;
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
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};

use super::certificate::{covers, issued_by, lasts};
use super::client::AnyClient;
use super::error::AuthorityError;
use super::identity::{Identity, MASTERS};
use super::pairs::{KeyFiles, Pair};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const CA_LIFE: Duration = Duration::from_secs(10 * 365 * 24 * 60 * 60);
const LEAF_LIFE: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// The server's CA, its own certificate, the administrator's certificate and token.
pub(crate) struct Authority {
    pub(crate) ca: Pair,
    server: Pair,
    pub(crate) admin: Pair,
    token: String,
}

impl Authority {
    /// Loads everything from a directory, making what is missing, near its expiry or made for other names.
    pub(crate) fn open(
        directory: Option<&Path>,
        addresses: &[IpAddr],
        names: &[String],
    ) -> Result<Self, AuthorityError> {
        let files = KeyFiles(directory);
        let ca = authority(&files)?;
        let issuer = Issuer::from_ca_cert_pem(&ca.certificate, KeyPair::from_pem(&ca.key)?)?;
        let leaf = |file: &str, params: CertificateParams, fits: &dyn Fn(&str) -> bool| {
            let kept = files.read_pair(file)?;
            // A leaf of an authority that was renewed would be refused by everybody who trusts the new one.
            let good = |pair: &Pair| {
                pair.matches()
                    && lasts(&pair.certificate)
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
        let provider = provider();
        let chain = vec![CertificateDer::from_pem_slice(
            self.server.certificate.as_bytes(),
        )?];
        let key = PrivateKeyDer::from_pem_slice(self.server.key.as_bytes())?;
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(Arc::new(AnyClient(self.verifier()?)))
            .with_single_cert(chain, key)?;
        // Without ALPN Go's clients speak HTTP/1.1 only (RFC 9113, 3.2), and need a connection for each
        // watch.
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(config)
    }

    /// Verifies that client certificates are of this authority.
    pub(crate) fn verifier(&self) -> Result<Arc<dyn ClientCertVerifier>, AuthorityError> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(self.ca.certificate.as_bytes())?)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider());
        // Clients with a bearer token have no certificate; who has neither gets 401 from HTTP.
        Ok(verifier.allow_unauthenticated().build()?)
    }
}

fn provider() -> Arc<CryptoProvider> {
    // Only the binary installs a provider; whoever uses this library alone has none.
    CryptoProvider::get_default()
        .cloned()
        .unwrap_or_else(|| Arc::new(rustls::crypto::ring::default_provider()))
}

/// The authority of the directory, its certificate made anew, with the same key, when its time is not now:
/// what it has signed stays good.
fn authority(files: &KeyFiles<'_>) -> Result<Pair, AuthorityError> {
    let broken = |name: &str, why: String| AuthorityError::Authority {
        file: files.path(name),
        why,
        directory: files.path(""),
    };
    let key = match files.read_pair("ca")? {
        None => match (files.read("ca.crt")?, files.read("ca.key")?) {
            (None, None) => KeyPair::generate()?,
            (None, Some(_)) => return Err(broken("ca.crt", "it is missing beside ca.key".to_owned())),
            (Some(_), _) => return Err(broken("ca.key", "it is missing beside ca.crt".to_owned())),
        },
        Some(pair) => {
            let key = KeyPair::from_pem(&pair.key).map_err(|error| broken("ca.key", error.to_string()))?;
            if !pair.matches() {
                return Err(broken("ca.crt", "it is not for the key in ca.key".to_owned()));
            }
            if lasts(&pair.certificate) {
                return Ok(pair);
            }
            key
        }
    };
    let pair = make_ca(&key)?;
    files.write_pair("ca", &pair)?;
    Ok(pair)
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

fn make_ca(key: &KeyPair) -> Result<Pair, AuthorityError> {
    let mut params = params("kinglet-ca", CA_LIFE);
    // It signs leaves only: path length 0 (RFC 5280, section 4.2.1.9).
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![
        KeyUsagePurpose::KeyCertSign,
        KeyUsagePurpose::CrlSign,
        KeyUsagePurpose::DigitalSignature,
    ];
    Ok(Pair {
        certificate: params.self_signed(key)?.pem(),
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
