//! What can be wrong with certificates, keys and the token.

use std::path::PathBuf;

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
    /// A certificate or key cannot be made.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// The files of the authority do not hold what they should. They are not replaced: who trusts the
    /// authority would trust this server no longer.
    #[error(
        "{file} of the API server's certificate authority: {why}; restore it from a backup, or remove {directory} \
         to make a new authority, which every kubeconfig has to be written anew for"
    )]
    Authority {
        /// The file.
        file: PathBuf,
        /// What is wrong with it.
        why: String,
        /// The directory of all keys.
        directory: PathBuf,
    },
    /// A key or certificate does not hold what it should.
    #[error("certificate: {0}")]
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
