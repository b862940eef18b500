//! Scenario files: objects in, requests, expected answers. Add a case by adding a file to `tests/scenarios`.
//!
//! `requests` are lines `host/path => answer`, the answer being the servers in the balancer's order, `404` or
//! `503`; a service whose scheme is not `http` is written `h2c://server`. `problems` are lines
//! `namespace/name field reason`. `certificates` are the Secrets whose certificates are usable, `tls` makes
//! Secrets with fresh certificates (name: DNS names).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use kinglet_ingress_providers::{ClusterView, Compiled, Compiler, Objects, Options};
use kinglet_ingress_routes::{RouteTable, Scheme, host, path};
use kinglet_ingress_tls::{CertificateStore, Unusable};
use kinglet_model::{Object, ObjectName, Secret};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scenario {
    #[serde(default)]
    options: ScenarioOptions,
    #[serde(default)]
    tls: BTreeMap<String, Vec<String>>,
    objects: Vec<Value>,
    #[serde(default)]
    requests: Vec<String>,
    #[serde(default)]
    problems: Vec<String>,
    #[serde(default)]
    certificates: Vec<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
struct ScenarioOptions {
    ingress_class: Option<Arc<str>>,
    allow_external_name_services: bool,
}

#[test]
fn scenarios() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut count = 0;
    for entry in std::fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let scenario: Scenario =
            serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        check(&path, scenario);
        count += 1;
    }
    assert!(count > 0, "no scenario was found");
}

fn check(file: &Path, scenario: Scenario) {
    let view = view(&scenario);
    let options = Options {
        ingress_class: scenario.options.ingress_class,
        allow_external_name_services: scenario.options.allow_external_name_services,
    };
    let mut compiled = Compiler::new(options).compile(&view);
    let unusable = unusable(&compiled);
    for one in &unusable {
        compiled.reject_certificate(&one.secret, &one.error);
    }
    let answers: Vec<String> = scenario
        .requests
        .iter()
        .map(|line| answer(&compiled, line))
        .collect();
    assert_eq!(answers, scenario.requests, "{}: requests", file.display());
    let problems: Vec<String> = compiled
        .problems
        .iter()
        .map(|problem| format!("{} {} {}", problem.ingress, problem.field, problem.reason))
        .collect();
    assert_eq!(problems, scenario.problems, "{}: problems", file.display());
    let mut certificates: Vec<String> = compiled
        .configuration
        .certificates
        .iter()
        .filter(|certificate| unusable.iter().all(|one| one.secret != certificate.secret))
        .map(|certificate| certificate.secret.to_string())
        .collect();
    certificates.sort();
    assert_eq!(
        certificates,
        scenario.certificates,
        "{}: certificates",
        file.display()
    );
}

/// The certificates that no client could be shown.
fn unusable(compiled: &Compiled) -> Vec<Unusable> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let store = CertificateStore::new(provider).next(&compiled.configuration.certificates);
    store.unusable()
}

/// The request line with the answer that the configuration really gives.
fn answer(compiled: &Compiled, line: &str) -> String {
    let request = line.split(" => ").next().unwrap();
    let (authority, _) = request.split_once('/').unwrap();
    let path = path::normalize(&request[authority.len()..]).unwrap();
    let mut buffer = [0; 255];
    let host = host::canonical(authority, &mut buffer);
    let configuration = &compiled.configuration;
    let router = RouteTable::new(&configuration.routers).find(host, &path::routing_path(&path));
    let service = router.and_then(|position| configuration.routers[position].service.as_ref());
    let answer = match service.map(|name| &configuration.services[name]) {
        None => "404".to_owned(),
        Some(service) if service.servers.is_empty() => "503".to_owned(),
        Some(service) => {
            let scheme = match service.scheme {
                Scheme::Http => String::new(),
                other => format!("{other}://"),
            };
            let servers: Vec<String> = service
                .servers
                .iter()
                .map(|server| format!("{scheme}{server}"))
                .collect();
            servers.join(" ")
        }
    };
    format!("{request} => {answer}")
}

fn view(scenario: &Scenario) -> ClusterView {
    let mut view = ClusterView::default();
    for object in &scenario.objects {
        let kind = object["kind"]
            .as_str()
            .unwrap_or_else(|| panic!("an object without kind: {object}"));
        match kind {
            "Ingress" => insert(&mut view.ingresses, object),
            "IngressClass" => insert(&mut view.classes, object),
            "Service" => insert(&mut view.services, object),
            "EndpointSlice" => insert(&mut view.slices, object),
            "Secret" => insert(&mut view.secrets, object),
            kind => panic!("kind {kind} has no place in a scenario"),
        }
    }
    for (name, hosts) in &scenario.tls {
        let name = ObjectName::new("default", name.as_str());
        view.secrets
            .insert(name.clone(), Arc::new(tls_secret(&name, hosts)));
    }
    view
}

fn insert<K: Object>(objects: &mut Objects<K>, object: &Value) {
    let mut object = object.clone();
    if K::NAMESPACED && object["metadata"]["namespace"].is_null() {
        object["metadata"]["namespace"] = "default".into();
    }
    let object: K = serde_json::from_value(object).unwrap();
    objects.insert(object.object_name(), Arc::new(object));
}

fn tls_secret(name: &ObjectName, hosts: &[String]) -> Secret {
    let pair = rcgen::generate_simple_self_signed(hosts.to_vec()).unwrap();
    let mut secret = Secret::default();
    secret.metadata.namespace = name.namespace.clone();
    secret.metadata.name = name.name.clone();
    secret
        .data
        .insert("tls.crt".into(), STANDARD.encode(pair.cert.pem()).into());
    secret.data.insert(
        "tls.key".into(),
        STANDARD.encode(pair.signing_key.serialize_pem()).into(),
    );
    secret
}
