//! The agent of a node: writes annotations of its Node, from which the cloud controller makes the addresses.
//!
//! | annotation | value |
//! |---|---|
//! | `k3s.io/internal-ip` | `--node-ip`, or the address by which the host reaches the world |
//! | `k3s.io/external-ip` | `--node-external-ip` |
//! | `k3s.io/internal-dns`, `k3s.io/external-dns` | `--node-internal-dns`, `--node-external-dns` |
//! | `k3s.io/hostname` | the host's name; the Node's name if it has none, or one of `localhost` |
//!
//! In: settings, and the [`Host`]. Out: a patch of one Node, when something differs. What an agent wrote is
//! removed when it is no longer set, so that an address that went away does not stay in the cluster; what
//! others wrote stays, unless an option says something else.

mod annotations;
mod host;
mod settings;

use kinglet_cloud_rules::keys::INTERNAL_IP;
use kinglet_kube::{Backoff, Change, Client, Collection, Inputs, Reflectors, RequestError, Resource};
use kinglet_model::{Node, ObjectName};
use tokio_util::sync::CancellationToken;
use tracing::{debug, info, warn};

pub use self::host::{Host, SystemHost};
pub use self::settings::AgentSettings;

/// Why a Node's annotations could not be written.
#[derive(Debug, thiserror::Error)]
pub enum AgentError {
    /// No address is set, and the host has none that others could reach.
    #[error("this host has no address that other hosts can reach; set one with --node-ip")]
    NoAddress,
    /// The kubelet has not registered the Node.
    #[error(
        "the API server has no Node {0}: either the kubelet has not registered it yet, or --node-name is not the name that the kubelet uses"
    )]
    NotRegistered(String),
    /// The API server refused, or cannot be reached.
    #[error(transparent)]
    Api(#[from] RequestError),
}

/// Writes the annotations of this host's Node that differ from the wanted ones; answers whether any did.
///
/// # Errors
/// See [`AgentError`]; the Node stays as it is.
pub async fn annotate(
    client: &Client,
    settings: &AgentSettings,
    host: &impl Host,
) -> Result<bool, AgentError> {
    let wanted = annotations::wanted(settings, host).ok_or(AgentError::NoAddress)?;
    let nodes = Collection::new(client.clone(), Resource::of::<Node>());
    let name = ObjectName::cluster(settings.node_name.as_str());
    let absent = |error: RequestError| {
        if error.is_not_found() {
            AgentError::NotRegistered(settings.node_name.clone())
        } else {
            error.into()
        }
    };
    let node: Node = nodes.get(&name).await.map_err(absent)?;
    let Some(patch) = annotations::patch(&node, &wanted) else {
        return Ok(false);
    };
    nodes.merge(&name, &patch).await.map_err(absent)?;
    info!(node = %name, %patch, "annotations of this Node written");
    Ok(true)
}

/// Keeps the annotations of this host's Node up to date until `stop` is cancelled. Waits for a Node that is
/// not registered yet, and for an API server that is away or refuses.
pub async fn run(reflectors: Reflectors, settings: AgentSettings, host: impl Host, stop: CancellationToken) {
    let client = reflectors.client().clone();
    let mut nodes = Inputs::new();
    nodes.watch(&reflectors.of::<Node>(), |change| change);
    let keep = async {
        let mut backoff = Backoff::new();
        let mut is_failing = false;
        loop {
            let pause = match annotate(&client, &settings, &host).await {
                Ok(_) => {
                    is_failing = false;
                    backoff.reset();
                    settings.refresh
                }
                Err(error) => {
                    report(&error, is_failing);
                    is_failing = true;
                    backoff.pause().min(settings.refresh)
                }
            };
            tokio::select! {
                // Others may overwrite annotations, and the host's address may change: nothing here watches
                // either.
                () = tokio::time::sleep(pause) => {}
                // A Node that was deleted and registered again would keep Pods away for as long.
                () = registered(&mut nodes, &settings.node_name) => {}
            }
        }
    };
    // Both outcomes are an end in good order.
    let _ = stop.run_until_cancelled(keep).await;
}

/// Waits until a Node of this name has no address by an agent, as when its kubelet has registered it.
async fn registered(nodes: &mut Inputs<Change<Node>>, name: &str) {
    loop {
        let changes = nodes.next().await;
        let mut present = changes.into_iter().filter_map(Change::now);
        if present.any(|node| *node.metadata.name == *name && node.metadata.annotation(INTERNAL_IP).is_none())
        {
            return;
        }
    }
}

/// A failure is a warning once, until something succeeds.
fn report(error: &AgentError, is_known: bool) {
    if is_known {
        debug!(%error, "cannot write the annotations of this Node");
    } else {
        warn!(%error, "cannot write the annotations of this Node; trying again");
    }
}
