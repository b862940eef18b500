//! Addresses to listen on.

use std::net::SocketAddr;

use clap::Args;

use crate::shared::AdminOptions;

/// Addresses to listen on; port 0 takes any free port.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Listeners")]
pub struct ListenOptions {
    /// Embedded Kubernetes API server (HTTPS).
    #[arg(
        long,
        env = "KINGLET_API_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:6443"
    )]
    pub api_listen: SocketAddr,
    /// DNS, over UDP and TCP.
    #[arg(
        long,
        env = "KINGLET_DNS_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:1053"
    )]
    pub dns_listen: SocketAddr,
    /// Ingress entry point `web` (HTTP).
    #[arg(
        long,
        env = "KINGLET_WEB_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8000"
    )]
    pub web_listen: SocketAddr,
    /// Ingress entry point `websecure` (HTTPS).
    #[arg(
        long,
        env = "KINGLET_WEBSECURE_LISTEN",
        value_name = "ADDRESS:PORT",
        default_value = "127.0.0.1:8443"
    )]
    pub websecure_listen: SocketAddr,
    /// The admin server.
    #[command(flatten)]
    pub admin: AdminOptions,
}
