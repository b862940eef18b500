//! ServiceLB: the controller in servers, and each node's share for its data plane.

use std::sync::Arc;

use kinglet_config::{ServiceLbMode, ServiceLbOptions, ServiceLbServerOptions};
use kinglet_dataplane::Shares;
use kinglet_kube::{Backoff, Client, Election, Recorder, lead as elect};
use kinglet_model::ObjectName;
use kinglet_servicelb::agent::{self, Share};
use kinglet_servicelb::{Mode, Settings, Sources, remove_all, run};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};

use crate::host::hostname;

/// Event source of elections.
const COMPONENT: &str = "kinglet-servicelb";

fn mode(options: &ServiceLbOptions) -> Mode {
    match options.servicelb_mode {
        ServiceLbMode::Native => Mode::Native,
        ServiceLbMode::Daemonset => Mode::DaemonSet,
    }
}

/// Of all servers the one that leads runs the controller or, where ServiceLB is disabled, removes what it
/// left.
pub(crate) fn lead(
    client: Client,
    sources: Sources,
    options: &ServiceLbServerOptions,
    runs: bool,
    stop: CancellationToken,
) -> impl Future<Output = ()> + Send + 'static {
    let mut settings = Settings {
        namespace: options.common.servicelb_namespace.clone(),
        mode: mode(&options.common),
        instance: hostname(),
        ..Settings::default()
    };
    if let Some(image) = &options.servicelb_image {
        settings.pods.image.clone_from(image);
    }
    async move {
        let election = Election::new(ObjectName::new("kube-system", COMPONENT), &hostname());
        let recorder = Recorder::spawn(client.clone(), COMPONENT, hostname(), stop.clone());
        let work = |term: CancellationToken| {
            let (client, sources, settings) = (client.clone(), sources.clone(), settings.clone());
            async move {
                if runs {
                    run(client, &sources, settings, term).await;
                } else {
                    remove(&client, &settings).await;
                    term.cancelled().await;
                }
            }
        };
        elect(client.clone(), election, &recorder, &stop, work).await;
    }
}

/// Removes everything, as often as it takes.
async fn remove(client: &Client, settings: &Settings) {
    let mut backoff = Backoff::new();
    while let Err(error) = remove_all(client, settings).await {
        let pause = backoff.pause();
        warn!(%error, ?pause, "cannot remove what ServiceLB left; trying again");
        tokio::time::sleep(pause).await;
    }
    info!("ServiceLB is disabled; nothing of it is left");
}

/// What the agent of a node needs to take part.
pub(crate) struct Part {
    pub(crate) node: Arc<str>,
    pub(crate) sources: agent::Sources,
    /// What the data plane says the kernel has rules for.
    pub(crate) served: watch::Receiver<Option<Arc<Shares>>>,
}

/// Follows the node's share, and tells everybody that the node takes part.
pub(crate) fn share(
    client: Client,
    options: &ServiceLbOptions,
    part: Part,
    stop: &CancellationToken,
) -> watch::Receiver<Option<Arc<Shares>>> {
    let settings = agent::Settings {
        node: part.node,
        mode: mode(options),
        namespace: options.servicelb_namespace.clone(),
    };
    let (told, served) = watch::channel(None);
    let mut share = agent::spawn(
        client,
        settings,
        part.sources,
        agent::listening,
        served,
        stop.clone(),
    );
    let (sender, shares) = watch::channel(None);
    let mut of_data_plane = part.served;
    tokio::spawn(async move {
        // The share and, in other words, what the data plane was given for it.
        let mut given = None;
        loop {
            tokio::select! {
                Ok(()) = share.changed() => {
                    let now = share.borrow_and_update().clone();
                    given = now.map(|share| (share.clone(), Arc::new(in_words_of_the_data_plane(&share))));
                    sender.send_replace(given.as_ref().map(|(_, shares)| shares.clone()));
                }
                Ok(()) = of_data_plane.changed() => {
                    let served = of_data_plane.borrow_and_update().clone();
                    let is_it = |shares: &Arc<Shares>| served.as_ref().is_some_and(|served| Arc::ptr_eq(shares, served));
                    if let Some((share, _)) = given.as_ref().filter(|(_, shares)| is_it(shares)) {
                        told.send_replace(Some(share.clone()));
                    }
                }
                else => return,
            }
        }
    });
    shares
}

fn in_words_of_the_data_plane(share: &Share) -> Shares {
    share
        .iter()
        .map(|(service, ports)| {
            let ports = ports.iter().map(|port| (port.protocol, port.number));
            (service.clone(), ports.collect())
        })
        .collect()
}
