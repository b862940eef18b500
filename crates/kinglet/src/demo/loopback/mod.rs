//! The demo without root: everything on loopback addresses.

mod directory;
mod echo;
mod entrances;
mod probe;
mod sample;
mod tour;

use anyhow::{Context, Result};
use kinglet_config::{DemoOptions, DisableOptions, PublishOptions};
use tracing::info;

use self::directory::Directory;
use self::entrances::Entrances;
use crate::server::{Server, ServerSettings, Source};
use crate::shutdown;

/// Starts everything, waits until it answers, prints what to try, and serves until a signal ends the process.
pub(crate) async fn run(options: DemoOptions) -> Result<()> {
    let stop = shutdown::on_signal()?;
    let directory = Directory::new(options.data_dir)?;
    for address in sample::BACKENDS {
        echo::spawn(address, stop.clone()).await?;
    }
    let settings = ServerSettings {
        source: Source::Embedded(directory.path().to_owned()),
        manifests: None,
        listen: options.listen,
        publish: PublishOptions::default(),
        cluster: options.cluster,
        components: DisableOptions { disable: Vec::new() },
        cloud_controller: false,
        servicelb: None,
    };
    let server = Server::start(settings, stop.clone()).await?;
    if let Some(shown) = stop.run_until_cancelled(show(&server)).await {
        shown?;
    }
    stop.cancelled().await;
    server.stopped().await;
    Ok(())
}

/// Applies the sample, waits until it answers, and prints what to try.
async fn show(server: &Server) -> Result<()> {
    server.ready().await;
    sample::apply(server).await?;
    info!("sample application applied; waiting until it answers");
    let entrances = Entrances::of(server).context("not everything listens")?;
    probe::all_answer(server, entrances).await?;
    tour::print(server, entrances).context("cannot print")
}
