//! TLS Secrets to certificates, each read once per version of its Secret.

use std::collections::HashMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinglet_ingress_routes::Certificate;
use kinglet_model::{ObjectName, Secret};
use rustls::crypto::CryptoProvider;

use crate::problem::Reason;
use crate::view::Objects;

/// A certificate, or why there is none.
pub(crate) type Outcome = Result<Arc<Certificate>, (Reason, String)>;

/// Certificates of the previous compilation: loading a key costs more than everything else about an Ingress.
#[derive(Debug, Default)]
pub(crate) struct Certificates {
    known: HashMap<ObjectName, (Arc<Secret>, Outcome)>,
}

impl Certificates {
    /// The certificate of a Secret, from memory when the Secret is the same as in `previous`.
    pub(crate) fn load(
        &mut self,
        previous: &Self,
        name: &ObjectName,
        secrets: &Objects<Secret>,
        provider: &CryptoProvider,
    ) -> Outcome {
        let Some(secret) = secrets.get(name) else {
            let message = format!("Secret {name} does not exist; the default certificate is presented");
            return Err((Reason::SecretNotFound, message));
        };
        if let Some((_, outcome)) = self.known.get(name) {
            return outcome.clone();
        }
        let outcome = match previous.known.get(name) {
            Some((before, outcome)) if is_same(before, secret) => outcome.clone(),
            _ => read(name, secret, provider),
        };
        self.known.insert(name.clone(), (secret.clone(), outcome.clone()));
        outcome
    }

    /// All certificates that could be read.
    pub(crate) fn usable(&self) -> Vec<Arc<Certificate>> {
        self.known
            .values()
            .filter_map(|(_, outcome)| outcome.as_ref().ok().cloned())
            .collect()
    }
}

fn is_same(before: &Arc<Secret>, now: &Arc<Secret>) -> bool {
    Arc::ptr_eq(before, now) || before.data == now.data
}

fn read(name: &ObjectName, secret: &Secret, provider: &CryptoProvider) -> Outcome {
    let invalid = |why: &dyn std::fmt::Display| {
        (
            Reason::InvalidCertificate,
            format!("Secret {name}: {why}; the default certificate is presented"),
        )
    };
    let value = |key: &str| {
        let text = secret.data.get(key).filter(|text| !text.is_empty());
        let text = text.ok_or_else(|| invalid(&format!("{key} is missing or empty")))?;
        STANDARD
            .decode(text.as_bytes())
            .map_err(|_| invalid(&format!("{key} is not base64")))
    };
    let (chain, key) = (value("tls.crt")?, value("tls.key")?);
    Certificate::from_pem(name.clone(), &chain, &key, provider)
        .map(Arc::new)
        .map_err(|error| invalid(&error))
}
