//! Denied packets: told one by one, as far as the rules log them, and counted.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use kinglet_nft::{Error, Logged, LoggedPackets};
use kinglet_policy::{Denial, Direction};
use kinglet_telemetry::{Blocking, WorkerPanicked};
use tokio::io::unix::AsyncFd;
use tokio::sync::Mutex;
use tokio::time::{MissedTickBehavior, interval};

use crate::enforcer::Enforcer;
use crate::metrics::Metrics;
use crate::sys;

/// How often counts are read.
const READ: Duration = Duration::from_secs(5);

/// Octets of each packet: what the rules log.
const HEADERS: u32 = 128;
/// How long packets may wait for others, in hundredths of a second.
const TOGETHER: u32 = 10;

/// Denied packets, and who is told of them.
pub struct Denied {
    packets: LoggedPackets,
    tell: Box<dyn Fn(&Denial) + Send + Sync>,
}

impl Denied {
    /// Receives the packets that rules log to a group in the network namespace of the calling thread.
    ///
    /// # Errors
    /// The kernel has no such log, or another program receives the group.
    pub fn open(group: u16, tell: impl Fn(&Denial) + Send + Sync + 'static) -> Result<Self, Error> {
        Ok(Self {
            packets: LoggedPackets::open(group, HEADERS, TOGETHER)?,
            tell: Box::new(tell),
        })
    }
}

/// Packets that a pod was denied, since the kernel began to count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Count {
    pub(crate) direction: Direction,
    pub(crate) pod: IpAddr,
    /// The pod's namespace, if it is known.
    pub(crate) namespace: Option<Arc<str>>,
    pub(crate) packets: u64,
}

/// Tells and counts.
pub(crate) struct Teller {
    pub(crate) enforcer: Arc<Mutex<Blocking<Enforcer>>>,
    pub(crate) metrics: Metrics,
    /// What was counted when counts were read last.
    pub(crate) before: HashMap<(Direction, IpAddr), u64>,
}

impl Teller {
    /// Until something is lost.
    pub(crate) async fn run(mut self, denied: Option<Denied>) -> Result<(), WorkerPanicked> {
        let mut denied = denied.and_then(Waiting::of);
        let mut reads = interval(READ);
        reads.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                packets = next(&mut denied) => self.tell(&denied, packets).await?,
                _ = reads.tick() => self.count().await?,
            }
        }
    }

    async fn tell(&self, denied: &Option<Waiting>, packets: Vec<Logged>) -> Result<(), WorkerPanicked> {
        let work = move |enforcer: &mut Enforcer| enforcer.denials(&packets);
        let denials = self.enforcer.lock().await.run(work).await?;
        for denial in denials {
            denied.iter().for_each(|denied| (denied.tell)(&denial));
        }
        Ok(())
    }

    async fn count(&mut self) -> Result<(), WorkerPanicked> {
        match self.enforcer.lock().await.run(Enforcer::count_denied).await? {
            Ok(counts) => {
                let before = std::mem::take(&mut self.before);
                for count in counts {
                    let key = (count.direction, count.pod);
                    let known = before.get(&key).copied().unwrap_or_default();
                    // The kernel begins anew when the table is replaced.
                    let more = count.packets.checked_sub(known).unwrap_or(count.packets);
                    self.metrics
                        .denied(count.direction, count.namespace.as_deref(), more);
                    self.before.insert(key, count.packets);
                }
            }
            // As long as there is no table.
            Err(error) => tracing::debug!("denied packets are not counted: {error}"),
        }
        Ok(())
    }
}

/// Denied packets that are waited for.
struct Waiting {
    packets: AsyncFd<LoggedPackets>,
    tell: Box<dyn Fn(&Denial) + Send + Sync>,
}

impl Waiting {
    fn of(denied: Denied) -> Option<Self> {
        let Denied { packets, tell } = denied;
        match sys::register_log(packets) {
            Ok(packets) => Some(Self { packets, tell }),
            Err(error) => {
                tracing::warn!("denied packets cannot be waited for: {error}");
                None
            }
        }
    }
}

/// The next packets; never, if none are received.
async fn next(denied: &mut Option<Waiting>) -> Vec<Logged> {
    let Some(waiting) = denied else {
        return std::future::pending().await;
    };
    let Ok(mut ready) = waiting.packets.readable_mut().await else {
        // The runtime ends.
        return std::future::pending().await;
    };
    let received = ready.get_inner_mut().receive();
    // Everything was taken.
    ready.clear_ready();
    received.unwrap_or_else(|error| {
        tracing::warn!("denied packets: {error}");
        Vec::new()
    })
}
