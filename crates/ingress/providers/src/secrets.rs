//! TLS Secrets to certificates, each decoded once per version of its Secret.

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinglet_ingress_routes::Certificate;
use kinglet_model::{ObjectName, Secret};

use crate::problem::Reason;
use crate::view::Objects;

/// A certificate, or why there is none.
pub(crate) type Outcome = Result<Arc<Certificate>, (Reason, String)>;

/// Certificates of a compilation. Those of the previous one are taken over, so that a certificate that did
/// not change is the same allocation and is not loaded again.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    known: HashMap<ObjectName, (Arc<Secret>, Outcome)>,
}

impl Certificates {
    /// The certificate of a Secret, from memory when the Secret is the same as in `previous`.
    pub(crate) fn load(&mut self, previous: &Self, name: &ObjectName, secrets: &Objects<Secret>) -> Outcome {
        let Some(secret) = secrets.get(name) else {
            let message = format!("Secret {name} does not exist; the default certificate is presented");
            return Err((Reason::SecretNotFound, message));
        };
        // Several Ingresses may name one Secret.
        if let Some((_, outcome)) = self.known.get(name) {
            return outcome.clone();
        }
        let outcome = match previous.known.get(name) {
            Some((before, outcome)) if is_same(before, secret) => outcome.clone(),
            _ => read(name, secret),
        };
        self.known.insert(name.clone(), (secret.clone(), outcome.clone()));
        outcome
    }

    /// All certificates that could be read.
    pub(crate) fn all(&self) -> Vec<Arc<Certificate>> {
        self.known
            .values()
            .filter_map(|(_, outcome)| outcome.as_ref().ok().cloned())
            .collect()
    }
}

fn is_same(before: &Arc<Secret>, now: &Arc<Secret>) -> bool {
    // A new annotation makes another object with the same certificate.
    Arc::ptr_eq(before, now) || before.data == now.data
}

/// The problem of a Secret whose certificate cannot be used.
pub(crate) fn invalid(secret: &ObjectName, why: &dyn fmt::Display) -> (Reason, String) {
    let message = format!("Secret {secret}: {why}; the default certificate is presented");
    (Reason::InvalidCertificate, message)
}

fn read(name: &ObjectName, secret: &Secret) -> Outcome {
    let value = |key: &str| {
        let text = secret.data.get(key).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| invalid(name, &format!("{key} is missing or empty")))?;
        STANDARD
            .decode(text.as_bytes())
            .map_err(|_| invalid(name, &format!("{key} is not base64")))
    };
    Ok(Arc::new(Certificate {
        secret: name.clone(),
        chain: value("tls.crt")?.into(),
        key: value("tls.key")?.into(),
    }))
}
