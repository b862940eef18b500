//! `kinglet server`.

use anyhow::{Result, bail};
use kinglet_config::ServerOptions;
use tracing::info;

use crate::server::{Server, ServerSettings, Source};
use crate::shutdown;

/// Serves until a signal ends the process.
pub(crate) async fn run(options: ServerOptions) -> Result<()> {
    let source = match (options.standalone, options.kubeconfig) {
        (true, _) => Source::Embedded(options.data_dir),
        (false, Some(kubeconfig)) => Source::Cluster(kubeconfig),
        (false, None) => {
            bail!("say which cluster to serve with --kubeconfig FILE, or run without one with --standalone")
        }
    };
    let stop = shutdown::on_signal()?;
    let settings = ServerSettings {
        source,
        manifests: options.manifests,
        listen: options.listen,
        cluster: options.cluster,
        components: options.components,
        cloud_controller: !options.cloud.disable_cloud_controller,
        servicelb: Some(options.servicelb),
    };
    let server = Server::start(settings, stop.clone()).await?;
    if stop.run_until_cancelled(server.ready()).await.is_some() {
        let kubeconfig = server.kubeconfig().display();
        info!(%kubeconfig, "ready: kubectl --kubeconfig {kubeconfig}");
    }
    stop.cancelled().await;
    server.stopped().await;
    Ok(())
}
