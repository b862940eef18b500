//! Listeners: all are bound before anything starts, so that a taken port is an error at once, which names the flag to change.

use std::fmt::Display;
use std::net::SocketAddr;

use anyhow::{Context, Error, Result};
use kinglet_apiserver::{ApiServer, BindError, Listening};
use kinglet_config::ListenOptions;
use kinglet_dns_server::DnsServer;
use kinglet_ingress_proxy::{EntryPoint, Proxy};
use kinglet_telemetry::AdminServer;

use crate::host::{hostname, tls_provider};
use crate::standalone::Settings;

/// Where the process really listens.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Addresses {
    pub(crate) api: SocketAddr,
    pub(crate) dns: SocketAddr,
    pub(crate) web: SocketAddr,
    pub(crate) websecure: SocketAddr,
    pub(crate) admin: SocketAddr,
}

/// Everything that is bound before anything starts, so that a taken port is an error at once and nothing is half-started.
pub(crate) struct Listeners {
    pub(crate) api: ApiServer,
    pub(crate) listening: Listening,
    pub(crate) dns: DnsServer,
    pub(crate) proxy: Proxy,
    pub(crate) admin: AdminServer,
}

impl Listeners {
    /// Takes all addresses and opens the API server's store.
    pub(crate) async fn bind(settings: &Settings) -> Result<Self> {
        let ListenOptions {
            dns_listen,
            admin_listen,
            ..
        } = settings.listen;
        let admin = AdminServer::bind(admin_listen)
            .await
            .map_err(|cause| failed("admin-listen", admin_listen, cause))?;
        let dns = kinglet_dns_server::Settings {
            listen: vec![dns_listen],
            ..Default::default()
        };
        let dns = DnsServer::bind(dns).map_err(|error| failed("dns-listen", dns_listen, error.source))?;
        let proxy = bind_proxy(&settings.listen)?;
        let api = open_api(settings).await?;
        let listening = api.bind().map_err(|error| match error {
            BindError::Listen { address, source } => failed("api-listen", address, source),
            other => other.into(),
        })?;
        Ok(Self {
            api,
            listening,
            dns,
            proxy,
            admin,
        })
    }

    /// The bound addresses, with the real ports where the settings said 0.
    pub(crate) fn addresses(&self) -> Result<Addresses> {
        Ok(Addresses {
            api: self.listening.local_addr(),
            dns: self.dns.local_addr(),
            web: self.proxy.address(EntryPoint::Web),
            websecure: self.proxy.address(EntryPoint::Websecure),
            admin: self.admin.local_addr()?,
        })
    }
}

fn bind_proxy(listen: &ListenOptions) -> Result<Proxy> {
    let mut settings =
        kinglet_ingress_proxy::Settings::new(listen.web_listen, listen.websecure_listen, tls_provider()?);
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

async fn open_api(settings: &Settings) -> Result<ApiServer> {
    let api = kinglet_apiserver::Settings {
        data_dir: Some(settings.data_dir.clone()),
        listen: settings.listen.api_listen,
        service_cidrs: settings.cluster.service_cidr.clone(),
        cluster_domain: settings.cluster.cluster_domain.clone(),
        ..kinglet_apiserver::Settings::default()
    };
    let opened = tokio::task::spawn_blocking(move || ApiServer::open(api)).await?;
    opened.with_context(|| format!("--data-dir {}", settings.data_dir.display()))
}

/// `--dns-listen 127.0.0.1:1053: address already in use; ...`.
fn failed(flag: &str, address: SocketAddr, cause: impl Display) -> Error {
    Error::msg(format!(
        "--{flag} {address}: {cause}; choose another address with --{flag} ADDRESS:PORT"
    ))
}
