//! Serves a made-up or a given cluster, for measurements.
//!
//! `dns_serve [--listen 127.0.0.1:1053] [--workers 1] [--services 10000] [--endpoints 10] [--objects DIR]
//! [--upstream ADDRESS]`
//!
//! Services are `svc-<n>.ns-<n mod 100>` with cluster addresses; every tenth is headless with `--endpoints`
//! endpoints. `--objects` adds the Service, EndpointSlice and Namespace documents of a folder's YAML files.
//! Names for `dnsperf` are `svc-<n>.ns-<n mod 100>.svc.cluster.local A`.

#![allow(clippy::print_stdout, reason = "it runs in a terminal")]

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use anyhow::{Context, bail};
use arc_swap::ArcSwap;
use kinglet_dns_server::{DnsServer, DnsServerSettings, Upstreams};
use kinglet_dns_zone::{ZoneBuilder, ZoneSettings};
use kinglet_model::{
    Endpoint, EndpointPort, EndpointSlice, Meta, Namespace, Service, ServicePort, wellknown,
};
use tokio_util::sync::CancellationToken;

/// Namespaces of a made-up cluster.
const NAMESPACES: u32 = 100;
/// Endpoints per slice.
const PER_SLICE: u32 = 100;

struct Options {
    settings: DnsServerSettings,
    services: u32,
    endpoints: u32,
    objects: Option<String>,
}

fn main() -> anyhow::Result<()> {
    let options = options()?;
    let start = Instant::now();
    let mut zone = ZoneBuilder::new(&ZoneSettings::default())?;
    for number in 0..NAMESPACES {
        zone.apply_namespace(&Namespace {
            metadata: meta("", format!("ns-{number}")),
        });
    }
    (0..options.services).for_each(|number| add_service(&mut zone, number, options.endpoints));
    if let Some(folder) = &options.objects {
        load(&mut zone, Path::new(folder))?;
    }
    zone.set_synced();
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs() as u32;
    let snapshot = zone.snapshot(now);
    let (services, addresses) = (snapshot.services(), snapshot.addresses());
    println!(
        "{services} services, {addresses} addresses, built in {:?}",
        start.elapsed()
    );
    let server = DnsServer::bind(options.settings)?;
    println!("answering on {}", server.local_addr());
    let cancelled = CancellationToken::new();
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.spawn({
        let cancelled = cancelled.clone();
        async move {
            let _ = tokio::signal::ctrl_c().await;
            cancelled.cancel();
        }
    });
    runtime.block_on(server.serve(Arc::new(ArcSwap::new(snapshot)), cancelled))?;
    Ok(())
}

fn options() -> anyhow::Result<Options> {
    let mut options = Options {
        settings: DnsServerSettings {
            workers: 1,
            ..DnsServerSettings::default()
        },
        services: 10_000,
        endpoints: 10,
        objects: None,
    };
    let mut words = std::env::args().skip(1);
    while let Some(word) = words.next() {
        let value = words.next().with_context(|| format!("{word} needs a value"))?;
        match word.as_str() {
            "--listen" => options.settings.listen = vec![value.parse()?],
            "--workers" => options.settings.workers = value.parse()?,
            "--services" => options.services = value.parse()?,
            "--endpoints" => options.endpoints = value.parse()?,
            "--objects" => options.objects = Some(value),
            "--upstream" => {
                let upstream: SocketAddr = value.parse()?;
                options.settings.forward.upstreams = Upstreams::Addresses(vec![upstream]);
            }
            _ => bail!("unknown option {word}"),
        }
    }
    Ok(options)
}

fn meta(namespace: &str, name: String) -> Meta {
    Meta {
        name: name.into(),
        namespace: namespace.into(),
        ..Meta::default()
    }
}

fn address(base: [u8; 2], number: u32) -> IpAddr {
    let [a, b] = base;
    Ipv4Addr::from(u32::from_be_bytes([a, b, 0, 0]) + number).into()
}

fn add_service(zone: &mut ZoneBuilder, number: u32, endpoints: u32) {
    let namespace = format!("ns-{}", number % NAMESPACES);
    let name = format!("svc-{number}");
    let headless = number % 10 == 9;
    zone.apply_service(&Service {
        metadata: meta(&namespace, name.clone()),
        headless,
        cluster_ips: if headless {
            vec![]
        } else {
            vec![address([10, 43], number)]
        },
        ports: vec![ServicePort {
            name: "http".into(),
            port: 80,
            ..ServicePort::default()
        }],
        ..Service::default()
    });
    for first in (0..endpoints).step_by(PER_SLICE as usize) {
        let mut metadata = meta(&namespace, format!("{name}-{first}"));
        metadata
            .labels
            .insert(wellknown::LABEL_SERVICE_NAME.into(), name.as_str().into());
        let numbers = first..endpoints.min(first + PER_SLICE);
        zone.apply_endpoint_slice(&EndpointSlice {
            metadata,
            endpoints: numbers
                .map(|endpoint| self::endpoint(number * endpoints + endpoint))
                .collect(),
            ports: vec![EndpointPort {
                name: "http".into(),
                port: Some(8080),
                ..EndpointPort::default()
            }],
            ..EndpointSlice::default()
        });
    }
}

fn endpoint(number: u32) -> Endpoint {
    Endpoint {
        addresses: vec![address([10, 128], number).to_string().into()],
        ..Endpoint::default()
    }
}

/// Applies the documents of a folder's YAML files.
fn load(zone: &mut ZoneBuilder, folder: &Path) -> anyhow::Result<()> {
    #[derive(serde::Deserialize)]
    struct Head {
        kind: String,
    }
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        if path.extension().is_none_or(|extension| extension != "yaml") {
            continue;
        }
        let text = std::fs::read_to_string(&path)?;
        for document in text.split("\n---").filter(|document| document.contains("kind:")) {
            let head: Head = serde_saphyr::from_str(document).with_context(|| path.display().to_string())?;
            match head.kind.as_str() {
                "Service" => zone.apply_service(&serde_saphyr::from_str(document)?),
                "EndpointSlice" => zone.apply_endpoint_slice(&serde_saphyr::from_str(document)?),
                "Namespace" => zone.apply_namespace(&serde_saphyr::from_str(document)?),
                _ => {}
            }
        }
    }
    Ok(())
}
