//! Identities.

use std::sync::Arc;

use x509_parser::prelude::{FromDer, X509Certificate};

/// The group whose members may do everything.
pub(crate) const MASTERS: &str = "system:masters";
const AUTHENTICATED: &str = "system:authenticated";

/// Who sends a request. In-process clients put one into the request's extensions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// User name.
    pub user: Arc<str>,
    /// Groups.
    pub groups: Vec<Arc<str>>,
}

impl Identity {
    /// An authenticated user.
    pub fn user(name: impl Into<Arc<str>>, groups: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut groups: Vec<Arc<str>> = groups.into_iter().collect();
        // As Kubernetes does for everybody whom it knows; `kubectl auth whoami` shows it.
        if !groups.iter().any(|group| **group == *AUTHENTICATED) {
            groups.push(AUTHENTICATED.into());
        }
        Self {
            user: name.into(),
            groups,
        }
    }

    /// The administrator: `system:admin` of `system:masters`.
    pub fn admin() -> Self {
        Self::user("system:admin", [MASTERS.into()])
    }

    /// The identity of a client certificate: common name and organisations, as in Kubernetes.
    pub(crate) fn of_certificate(der: &[u8]) -> Option<Self> {
        let (_, certificate) = X509Certificate::from_der(der).ok()?;
        let subject = certificate.subject();
        // A certificate without a common name names nobody, as in Kubernetes (`CommonNameUserConversion`).
        let name = subject.iter_common_name().next()?.as_str().ok()?;
        let groups = subject
            .iter_organization()
            .filter_map(|organization| organization.as_str().ok())
            .map(Arc::from);
        Some(Self::user(name, groups))
    }

    /// Whether everything is allowed.
    pub(crate) fn is_admin(&self) -> bool {
        self.groups.iter().any(|group| **group == *MASTERS)
    }
}
