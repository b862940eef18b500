//! The whole view to the whole configuration.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use kinglet_ingress_routes::{Router, Scheme, Server, Service as ProxyService};
use kinglet_model::{EndpointSlice, Ingress, IngressBackend, IngressServiceBackend, ObjectName, ServiceType};

use crate::annotations::{self, Finding};
use crate::compiled::{CertificateUse, Compiled};
use crate::problem::{Problem, Reason};
use crate::rules::{self, Backends};
use crate::secrets::Certificates;
use crate::view::ClusterView;
use crate::{backends, classes};

/// Options of the Ingress provider (Traefik `providers.kubernetesIngress.*`).
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `ingressClass`: the only class to serve; `None` serves every class of Traefik's controller.
    pub ingress_class: Option<Arc<str>>,
    /// `allowExternalNameServices`: whether ExternalName Services may be backends. They let whoever may write
    /// a Service reach any host that the proxy can reach.
    pub allow_external_name_services: bool,
}

/// Compiles views and remembers the last result, so that what did not change keeps its identity.
#[derive(Debug)]
pub struct Compiler {
    options: Options,
    services: BTreeMap<Arc<str>, Arc<ProxyService>>,
    certificates: Certificates,
}

impl Compiler {
    /// A compiler without memory.
    pub fn new(options: Options) -> Self {
        Self {
            options,
            services: BTreeMap::new(),
            certificates: Certificates::default(),
        }
    }

    /// Compiles the view.
    pub fn compile(&mut self, view: &ClusterView) -> Compiled {
        let mut pass = Pass {
            compiler: self,
            view,
            slices: view.slices_by_service(),
            services: BTreeMap::new(),
            names: HashMap::new(),
            certificates: Certificates::default(),
            ingress: ObjectName::default(),
            compiled: Compiled::default(),
        };
        for ingress in view.ingresses_by_age() {
            pass.ingress(ingress);
        }
        let Pass {
            services,
            certificates,
            mut compiled,
            ..
        } = pass;
        compiled.configuration.services = services.clone();
        compiled.configuration.certificates = certificates.all();
        self.services = services;
        self.certificates = certificates;
        compiled
    }
}

/// One compilation on its way through the Ingresses.
struct Pass<'a> {
    compiler: &'a Compiler,
    view: &'a ClusterView,
    slices: HashMap<ObjectName, Vec<&'a EndpointSlice>>,
    services: BTreeMap<Arc<str>, Arc<ProxyService>>,
    /// Names of the services made so far, by Service and port.
    names: HashMap<(ObjectName, String), Arc<str>>,
    certificates: Certificates,
    /// The Ingress being compiled.
    ingress: ObjectName,
    compiled: Compiled,
}

impl Pass<'_> {
    fn ingress(&mut self, ingress: &Ingress) {
        if !classes::is_served(
            ingress,
            &self.view.classes,
            self.compiler.options.ingress_class.as_deref(),
        ) {
            return;
        }
        self.ingress = ingress.metadata.object_name();
        self.compiled.served.push(self.ingress.clone());
        let fails_closed =
            self.annotations(annotations::of_ingress(&ingress.metadata.annotations), "metadata");
        self.tls(ingress);
        let mut routers = rules::routers(ingress, self);
        // The routers stay without a service: removed, their requests would fall through to less specific
        // ones.
        if fails_closed {
            routers
                .iter_mut()
                .for_each(|router: &mut Router| router.service = None);
        }
        self.compiled.configuration.routers.extend(routers);
    }

    /// Reports findings; whether one of them fails closed.
    fn annotations(&mut self, findings: Vec<Finding>, field: &str) -> bool {
        let mut fails_closed = false;
        for finding in findings {
            fails_closed |= finding.fails_closed;
            let field = format!("{field}.annotations[{}]", finding.key);
            self.report(field, finding.reason, finding.message);
        }
        fails_closed
    }

    fn tls(&mut self, ingress: &Ingress) {
        for (index, tls) in ingress.tls.iter().enumerate() {
            let Some(secret) = tls.secret_name.as_ref().filter(|name| !name.is_empty()) else {
                continue;
            };
            // Always the Ingress' own namespace: a tenant must not use the certificate of another.
            let name = ObjectName {
                namespace: self.ingress.namespace.clone(),
                name: secret.clone(),
            };
            let field = format!("spec.tls[{index}].secretName");
            let previous = &self.compiler.certificates;
            match self.certificates.load(previous, &name, &self.view.secrets) {
                Ok(_) => self.compiled.certificate_uses.push(CertificateUse {
                    secret: name,
                    ingress: self.ingress.clone(),
                    field,
                    position: self.compiled.problems.len(),
                }),
                Err((reason, message)) => self.report(field, reason, message),
            }
        }
    }

    fn service(&mut self, backend: &IngressServiceBackend, field: &str) -> Option<Arc<str>> {
        let name = ObjectName {
            namespace: self.ingress.namespace.clone(),
            name: backend.name.clone(),
        };
        let Some(service) = self.view.services.get(&name) else {
            let message = format!("Service {name} does not exist; the path answers 404");
            self.report(format!("{field}.service.name"), Reason::ServiceNotFound, message);
            return None;
        };
        let text = backends::port_text(&backend.port);
        let Some(port) = backends::port(service, &backend.port) else {
            let message = format!("Service {name} has no TCP port {text:?}; the path answers 404");
            self.report(format!("{field}.service.port"), Reason::PortNotFound, message);
            return None;
        };
        if service.service_type == ServiceType::ExternalName
            && !self.compiler.options.allow_external_name_services
        {
            let message =
                format!("Service {name} is of type ExternalName, which is not allowed; the path answers 404");
            self.report(
                format!("{field}.service.name"),
                Reason::ExternalNameForbidden,
                message,
            );
            return None;
        }
        // After the checks, so that each Ingress gets its own problems.
        if let Some(made) = self.names.get(&(name.clone(), text.clone())) {
            return Some(made.clone());
        }
        let slices = self.slices.get(&name).map(Vec::as_slice).unwrap_or_default();
        let servers = backends::servers(service, port, slices);
        let annotations = annotations::of_service(&service.metadata.annotations);
        if self.annotations(annotations.findings, &format!("Service {name} metadata")) {
            return None;
        }
        let scheme = annotations.scheme.unwrap_or_else(|| backends::scheme(port));
        Some(self.proxy_service(name, text, scheme, servers))
    }

    /// The name of the service of a port, made once and, if it did not change, the one of the previous
    /// compilation.
    fn proxy_service(
        &mut self,
        name: ObjectName,
        port_text: String,
        scheme: Scheme,
        servers: Vec<Server>,
    ) -> Arc<str> {
        let made = ProxyService {
            name: self.unused_name(&name, &port_text),
            scheme,
            servers,
        };
        // The same allocation as before, so that the proxy keeps its balancer.
        let kept = match self.compiler.services.get(&made.name) {
            Some(previous) if **previous == made => previous.clone(),
            _ => Arc::new(made),
        };
        let service = kept.name.clone();
        self.names.insert((name, port_text), service.clone());
        self.services.insert(service.clone(), kept);
        service
    }

    /// Traefik's name of a service. It is ambiguous (`a-b`/`c` and `a`/`b-c` are the same), and two tenants'
    /// Services must never share one: later ones get a number.
    fn unused_name(&self, name: &ObjectName, port_text: &str) -> Arc<str> {
        let base = format!("{}-{}-{port_text}", name.namespace, name.name);
        let plain = rules::normalized_name(&base);
        let numbered = (2..).map(|number: u32| rules::normalized_name(&format!("{base}-{number}")));
        let mut candidates = std::iter::once(plain).chain(numbered);
        candidates
            .find(|candidate| !self.services.contains_key(&**candidate))
            .unwrap_or_default()
            .into()
    }
}

impl Backends for Pass<'_> {
    fn resolve(&mut self, backend: &IngressBackend, field: &str) -> Option<Arc<str>> {
        match &backend.service {
            Some(service) => self.service(service, field),
            None => {
                let message = "only Services can be backends; the path answers 404".to_owned();
                self.report(format!("{field}.resource"), Reason::UnsupportedBackend, message);
                None
            }
        }
    }

    fn report(&mut self, field: String, reason: Reason, message: String) {
        let ingress = self.ingress.clone();
        let problem = Problem {
            ingress,
            field,
            reason,
            message,
        };
        let mut of_this = self
            .compiled
            .problems
            .iter()
            .rev()
            .take_while(|other| other.ingress == problem.ingress);
        if !of_this.any(|other| *other == problem) {
            self.compiled.problems.push(problem);
        }
    }
}
