//! `kinglet server`.

use anyhow::{Result, bail};
use kinglet_config::ServerOptions;
use tracing::info;

use crate::shutdown;
use crate::standalone::{Settings, Standalone};

/// Serves until a signal ends the process.
pub(crate) async fn run(options: ServerOptions) -> Result<()> {
    if !options.standalone {
        bail!(
            "`kinglet server` beside a cluster is not there yet; add --standalone to run on the embedded Kubernetes API server"
        );
    }
    let stop = shutdown::on_signal()?;
    let settings = Settings {
        data_dir: options.data_dir,
        manifests: options.manifests,
        listen: options.listen,
        cluster: options.cluster,
    };
    let server = Standalone::start(settings, stop.clone()).await?;
    if stop.run_until_cancelled(server.ready()).await.is_some() {
        let kubeconfig = server.kubeconfig().display();
        info!(%kubeconfig, "ready: kubectl --kubeconfig {kubeconfig}");
    }
    stop.cancelled().await;
    server.stopped().await;
    Ok(())
}
