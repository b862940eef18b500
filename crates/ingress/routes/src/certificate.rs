//! A certificate with its key, as text.

use std::fmt;

use kinglet_model::ObjectName;

/// A certificate chain and its key for TLS listeners, as the author wrote them: whether they can be used is
/// found out where TLS is done.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate {
    /// The Secret it comes from.
    pub secret: ObjectName,
    /// The chain in PEM, end-entity certificate first.
    pub chain: Box<[u8]>,
    /// The private key in PEM: PKCS#8, PKCS#1 or SEC 1.
    pub key: Box<[u8]>,
}

/// Never shows the key, which would end in logs.
impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate")
            .field("secret", &self.secret)
            .finish_non_exhaustive()
    }
}
