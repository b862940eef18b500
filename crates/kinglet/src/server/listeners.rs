//! Listeners: all are bound before anything starts, so that a taken port is an error at once, which names the
//! flag to change.

use std::fmt::Display;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use anyhow::{Context, Error, Result};
use kinglet_apiserver::{ApiServer, BindError, Listening};
use kinglet_config::{Component, ListenOptions};
use kinglet_dns_server::DnsServer;
use kinglet_ingress_proxy::{Proxy, WEB, WEBSECURE};
use kinglet_telemetry::AdminServer;
use tracing::info;

use super::settings::{ServerSettings, Source};
use crate::host::{hostname, tls_provider};

/// Where the process really listens; nowhere for what does not run here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) api: Option<SocketAddr>,
    pub(crate) dns: Option<SocketAddr>,
    pub(crate) web: Option<SocketAddr>,
    pub(crate) websecure: Option<SocketAddr>,
    pub(crate) admin: SocketAddr,
}

impl Addresses {
    /// Tells them.
    pub(crate) fn log(&self) {
        let [api, dns, web, websecure] = [self.api, self.dns, self.web, self.websecure]
            .map(|address| address.map(tracing::field::display));
        info!(api, dns, web, websecure, admin = %self.admin, "listening");
    }
}

/// The address by which processes of this machine reach a listener: its own, or loopback for a wildcard
/// address.
pub(crate) fn reachable(listener: SocketAddr) -> IpAddr {
    match listener.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    }
}

/// Everything that is bound before anything starts, so that a taken port is an error at once and nothing is
/// half-started.
pub(crate) struct Listeners {
    pub(crate) api: Option<(ApiServer, Listening)>,
    pub(crate) dns: Option<DnsServer>,
    pub(crate) proxy: Option<Proxy>,
    pub(crate) admin: AdminServer,
}

impl Listeners {
    /// Takes all addresses and opens the API server's store.
    pub(crate) async fn bind(settings: &ServerSettings) -> Result<Self> {
        let admin_listen = settings.listen.admin.admin_listen;
        let admin = AdminServer::bind(admin_listen)
            .await
            .map_err(|cause| failed("admin-listen", admin_listen, cause))?;
        let dns = settings
            .runs(Component::Coredns)
            .then(|| bind_dns(settings.listen.dns_listen))
            .transpose()?;
        let proxy = settings
            .runs(Component::Traefik)
            .then(|| bind_proxy(&settings.listen))
            .transpose()?;
        let api = match &settings.source {
            Source::Embedded(directory) => Some(bind_api(settings, directory.clone()).await?),
            Source::Cluster(_) => None,
        };
        Ok(Self {
            api,
            dns,
            proxy,
            admin,
        })
    }

    /// The bound addresses, with the real ports where the settings said 0.
    pub(crate) fn addresses(&self) -> Result<Addresses> {
        let proxy = |entry_point| self.proxy.as_ref()?.address(entry_point);
        Ok(Addresses {
            api: self.api.as_ref().map(|(_, listening)| listening.local_addr()),
            dns: self.dns.as_ref().map(DnsServer::local_addr),
            web: proxy(WEB),
            websecure: proxy(WEBSECURE),
            admin: self.admin.local_addr()?,
        })
    }
}

fn bind_dns(address: SocketAddr) -> Result<DnsServer> {
    let settings = kinglet_dns_server::DnsServerSettings {
        listen: vec![address],
        ..Default::default()
    };
    DnsServer::bind(settings).map_err(|error| failed("dns-listen", address, error.source))
}

fn bind_proxy(listen: &ListenOptions) -> Result<Proxy> {
    let mut settings = kinglet_ingress_proxy::ProxySettings::new(
        listen.web_listen,
        listen.websecure_listen,
        tls_provider()?,
    );
    settings.hostname = hostname();
    Proxy::bind(settings).map_err(|error| match error {
        kinglet_ingress_proxy::BindError::Listen {
            entry_point,
            address,
            source,
        } => failed(&format!("{entry_point}-listen"), address, source),
        other => other.into(),
    })
}

async fn bind_api(settings: &ServerSettings, directory: PathBuf) -> Result<(ApiServer, Listening)> {
    let api = kinglet_apiserver::ApiServerSettings {
        data_dir: Some(directory.clone()),
        listen: settings.listen.api_listen,
        service_cidrs: settings.cluster.service_cidr.clone(),
        cluster_domain: settings.cluster.cluster_domain.clone(),
        ..kinglet_apiserver::ApiServerSettings::default()
    };
    let opened = tokio::task::spawn_blocking(move || ApiServer::open(api)).await?;
    let api = opened.with_context(|| format!("--data-dir {}", directory.display()))?;
    let listening = api.bind().map_err(|error| match error {
        BindError::Listen { address, source } => failed("api-listen", address, source),
        other => other.into(),
    })?;
    Ok((api, listening))
}

/// `--dns-listen 127.0.0.1:1053: address already in use; ...`.
fn failed(flag: &str, address: SocketAddr, cause: impl Display) -> Error {
    Error::msg(format!(
        "--{flag} {address}: {cause}; choose another address with --{flag} ADDRESS:PORT"
    ))
}
