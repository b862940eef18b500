//! Only what a running component needs is watched, and the age of each watch is shown.

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::server::Server;

/// The resources that a server with these flags watches, by its metrics.
fn watched(flags: &[&str]) -> BTreeSet<String> {
    let directory = tempfile::tempdir().unwrap();
    let server = Server::start(directory.path(), flags);
    let metrics = get(server.address("admin"), "/metrics");
    let series = metrics
        .lines()
        .filter_map(|line| line.strip_prefix("kinglet_watch_age_seconds{"));
    let resources = series.map(|rest| {
        let (labels, age) = rest.split_once("} ").unwrap();
        let age: f64 = age.parse().unwrap();
        assert!((0.0..120.0).contains(&age), "{rest}");
        let (_, resource) = labels.split_once("resource=\"").unwrap();
        resource.trim_end_matches('"').to_owned()
    });
    resources.collect()
}

fn get(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn set(resources: &[&str]) -> BTreeSet<String> {
    resources.iter().map(|&resource| resource.to_owned()).collect()
}

#[test]
fn only_kinds_of_components_that_run_are_watched() {
    let dns = ["namespaces", "services", "endpointslices"];
    let ingress = [
        "ingresses",
        "ingressclasses",
        "services",
        "endpointslices",
        "secrets",
        // Addresses of a published Service of type NodePort.
        "nodes",
    ];
    assert_eq!(watched(&["--disable=traefik"]), set(&dns));
    assert_eq!(watched(&["--disable=coredns"]), set(&ingress));
    assert_eq!(watched(&["--disable=coredns,traefik"]), set(&[]));
    assert_eq!(watched(&[]), set(&[&dns[..], &ingress[..]].concat()));
}
