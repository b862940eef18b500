//! Problems: what is wrong with an Ingress, in words for its author.

use std::fmt;

use kinglet_model::ObjectName;

/// A problem of one Ingress. It becomes a warning Event on the object and a log line.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Problem {
    /// The Ingress.
    pub ingress: ObjectName,
    /// Path of the field at fault, for instance `spec.rules[0].http.paths[1].backend.service.name`.
    pub field: String,
    /// Kind of problem.
    pub reason: Reason,
    /// What is wrong and what follows from it.
    pub message: String,
}

/// Kind of a problem: the `reason` of the Event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// The backend Service does not exist; its paths answer 404.
    ServiceNotFound,
    /// The Service has no such port; its paths answer 404.
    PortNotFound,
    /// ExternalName Services are not allowed; its paths answer 404.
    ExternalNameForbidden,
    /// The backend is not a Service; its paths answer 404.
    UnsupportedBackend,
    /// The host is not a DNS name; the rule is left out.
    InvalidHost,
    /// The path is not absolute; it is left out.
    InvalidPath,
    /// The TLS Secret does not exist; the default certificate is presented.
    SecretNotFound,
    /// The TLS Secret holds no usable certificate; the default certificate is presented.
    InvalidCertificate,
    /// An annotation has a value that is not accepted.
    InvalidAnnotation,
    /// An annotation asks for something that this version does not do.
    UnsupportedAnnotation,
}

impl Reason {
    /// The name in Events, log lines and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::ServiceNotFound => "ServiceNotFound",
            Self::PortNotFound => "PortNotFound",
            Self::ExternalNameForbidden => "ExternalNameForbidden",
            Self::UnsupportedBackend => "UnsupportedBackend",
            Self::InvalidHost => "InvalidHost",
            Self::InvalidPath => "InvalidPath",
            Self::SecretNotFound => "SecretNotFound",
            Self::InvalidCertificate => "InvalidCertificate",
            Self::InvalidAnnotation => "InvalidAnnotation",
            Self::UnsupportedAnnotation => "UnsupportedAnnotation",
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// `Ingress namespace/name: field: message`.
impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ingress {}: {}: {}", self.ingress, self.field, self.message)
    }
}
