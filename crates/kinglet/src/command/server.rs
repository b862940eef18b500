//! `kinglet server`.

use std::path::Path;

use anyhow::Result;
use kinglet_config::ServerOptions;
use tracing::info;

use crate::server::{Server, ServerSettings, Source};
use crate::shutdown;

/// Serves until a signal ends the process.
pub(crate) async fn run(options: ServerOptions) -> Result<()> {
    let source = if options.standalone {
        Source::Embedded(options.data_dir)
    } else {
        Source::Cluster(options.kubeconfig)
    };
    let stop = shutdown::on_signal()?;
    let settings = ServerSettings {
        source,
        manifests: options.manifests,
        listen: options.listen,
        publish: options.publish,
        cluster: options.cluster,
        components: options.components,
        cloud_controller: !options.cloud.disable_cloud_controller,
        servicelb: Some(options.servicelb),
    };
    let server = Server::start(settings, stop.clone()).await?;
    if stop.run_until_cancelled(server.ready()).await.is_some() {
        match server.kubeconfig().map(Path::display) {
            Some(kubeconfig) => info!(%kubeconfig, "ready: kubectl --kubeconfig {kubeconfig}"),
            None => info!("ready"),
        }
    }
    stop.cancelled().await;
    server.stopped().await;
    Ok(())
}
