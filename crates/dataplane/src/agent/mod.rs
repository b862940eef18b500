//! The shell: follows the API, and keeps the kernel's table up to date.
//!
//! ```no_run
//! # async fn example(
//! #     services: kinglet_kube::Reflector<kinglet_model::Service>,
//! #     slices: kinglet_kube::Reflector<kinglet_model::EndpointSlice>,
//! #     nodes: kinglet_kube::Reflector<kinglet_model::Node>,
//! # ) -> Result<(), Box<dyn std::error::Error>> {
//! use kinglet_dataplane::{Settings, agent};
//! use kinglet_nft::Connection;
//! use tokio_util::sync::CancellationToken;
//!
//! // In a thread that is in the node's network namespace:
//! let connection = Connection::open()?;
//! let settings = Settings {
//!     node: "node-1".into(),
//!     cluster_cidrs: vec!["10.42.0.0/16".parse()?],
//!     ..Settings::default()
//! };
//! let sources = agent::Sources { services, slices, nodes };
//! let stop = CancellationToken::new();
//! agent::run(connection, settings, &sources, || tracing::info!("Services are served"), stop).await?;
//! # Ok(())
//! # }
//! ```

mod commit;
mod follow;

use std::time::Duration;

use kinglet_kube::{Backoff, Reflector};
use kinglet_model::{EndpointSlice, Node, Service};
use kinglet_nft::{Batch, Connection, Error};
use tokio_util::sync::CancellationToken;

use crate::services::{Services, table};
use crate::settings::Settings;
use commit::Kernel;
use follow::Changes;

/// How long changes are collected after a commit, so that a burst makes few.
const COLLECT: Duration = Duration::from_millis(10);

/// Where objects come from.
#[derive(Clone)]
pub struct Sources {
    /// All Services.
    pub services: Reflector<Service>,
    /// All EndpointSlices.
    pub slices: Reflector<EndpointSlice>,
    /// All Nodes, or at least the own one.
    pub nodes: Reflector<Node>,
}

/// Serves the Services until `stop` is cancelled or the sources end, and leaves the rules in place. Calls `synced` once, when the kernel
/// has the rules of all objects that were there at the start; until then it leaves the rules of an earlier run alone.
///
/// # Errors
/// The kernel cannot tell what tables it can own. Later errors of the kernel are logged, and answered by new attempts.
pub async fn run(
    connection: Connection,
    settings: Settings,
    sources: &Sources,
    synced: impl FnOnce() + Send,
    stop: CancellationToken,
) -> Result<(), Error> {
    let mut kernel = Kernel::new(connection);
    let ownership = kernel.run(Connection::ownership).await?;
    let mut services = Services::new(settings, ownership);
    let mut changes = Changes::of(sources);
    let serve = async {
        while !changes.synced() {
            if !changes.next(&mut services).await {
                return;
            }
        }
        replace(&mut kernel, &mut services).await;
        synced();
        while changes.next(&mut services).await {
            let batch = services.changes();
            warn(&mut services);
            if let Err(error) = kernel.commit(batch).await {
                tracing::warn!("Services: {error}; all rules are replaced");
                replace(&mut kernel, &mut services).await;
            }
            tokio::time::sleep(COLLECT).await;
        }
    };
    tokio::select! {
        () = serve => {}
        () = stop.cancelled() => {}
    }
    Ok(())
}

/// Replaces all rules, with growing pauses until it succeeds.
async fn replace(kernel: &mut Kernel, services: &mut Services) {
    let mut backoff = Backoff::new();
    loop {
        let batch = services.replacement();
        warn(services);
        match kernel.commit(batch).await {
            Ok(()) => return,
            Err(error) => {
                let pause = backoff.pause();
                tracing::error!("Services: {error}; next attempt in {pause:?}");
                tokio::time::sleep(pause).await;
            }
        }
    }
}

fn warn(services: &mut Services) {
    for problem in services.take_problems() {
        tracing::warn!("{problem}");
    }
}

/// Removes the rules from the kernel. Blocks as long as the kernel works.
///
/// # Errors
/// The kernel refuses; somebody else may own the table.
pub fn remove(connection: &mut Connection) -> Result<(), Error> {
    let table = table(connection.ownership()?);
    let mut batch = Batch::new();
    batch.add_table(&table).delete_table(&table);
    connection.commit(&batch)
}
