//! The sample application: the files of `examples/hello`.

use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use anyhow::{Result, bail};

use crate::server::Server;

/// Addresses that the sample's EndpointSlices name.
pub(super) const BACKENDS: [SocketAddr; 2] = [backend(11), backend(12)];

const FILES: &[(&str, &str)] = &[
    (
        "10-namespace.yaml",
        include_str!("../../../../../examples/hello/10-namespace.yaml"),
    ),
    (
        "20-services.yaml",
        include_str!("../../../../../examples/hello/20-services.yaml"),
    ),
    ("30-tls-secret.yaml", TLS_SECRET),
    (
        "40-ingress.yaml",
        include_str!("../../../../../examples/hello/40-ingress.yaml"),
    ),
];

/// The Secret whose certificate the sample's hosts serve.
pub(super) const TLS_SECRET: &str = include_str!("../../../../../examples/hello/30-tls-secret.yaml");

const fn backend(last: u8) -> SocketAddr {
    SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::new(127, 0, 0, last), 5678))
}

/// Applies all files.
pub(super) async fn apply(server: &Server) -> Result<()> {
    for (file, text) in FILES {
        let objects = kinglet_addons::parse(text)?;
        if let Some(failure) = kinglet_addons::apply(server.client(), &objects)
            .await
            .into_iter()
            .next()
        {
            bail!("examples/hello/{file}: {failure}");
        }
    }
    Ok(())
}
