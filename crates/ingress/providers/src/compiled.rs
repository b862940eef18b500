//! The result of a compilation.

use std::fmt;

use kinglet_ingress_routes::Configuration;
use kinglet_model::ObjectName;

use crate::problem::Problem;
use crate::secrets;

/// Result of a compilation.
#[derive(Clone, Debug, Default)]
pub struct Compiled {
    /// What the proxy is to do.
    pub configuration: Configuration,
    /// Ingresses of our classes, by age then name: those whose status is ours to write.
    pub served: Vec<ObjectName>,
    /// What is wrong, in the order of [`served`](Self::served) and of the fields.
    pub problems: Vec<Problem>,
    /// Where Ingresses name the Secrets of [`Configuration::certificates`], in the order of `problems`.
    pub(crate) certificate_uses: Vec<CertificateUse>,
}

/// A field that names the Secret of a certificate.
#[derive(Clone, Debug)]
pub(crate) struct CertificateUse {
    pub(crate) secret: ObjectName,
    pub(crate) ingress: ObjectName,
    pub(crate) field: String,
    /// How many problems come before those of the field.
    pub(crate) position: usize,
}

impl Compiled {
    /// Reports that the certificate of a Secret cannot be used, to each Ingress that names the Secret.
    /// Whoever loads certificates finds that out; here they are text.
    pub fn reject_certificate(&mut self, secret: &ObjectName, why: &dyn fmt::Display) {
        let (reason, message) = secrets::invalid(secret, why);
        let mut inserted = 0;
        for used in &mut self.certificate_uses {
            used.position += inserted;
            if used.secret == *secret {
                let problem = Problem {
                    ingress: used.ingress.clone(),
                    field: used.field.clone(),
                    reason,
                    message: message.clone(),
                };
                self.problems.insert(used.position, problem);
                inserted += 1;
            }
        }
    }
}
