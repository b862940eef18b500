//! Reports denied packets and counts them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::time::Duration;

use kinglet_nft::Logged;
use kinglet_policy::Direction;
use tokio::time::{MissedTickBehavior, interval};

use super::packets::{DeniedPackets, DeniedStream, next};
use crate::actor::QueryHandle;
use crate::enforcer::DeniedCount;
use crate::error::AgentError;
use crate::metrics::Metrics;

/// How often counters are read.
const READ: Duration = Duration::from_secs(5);

/// Reports denied packets and counts them.
pub(crate) struct DenialReporter {
    enforcer: QueryHandle,
    metrics: Metrics,
    stream: Option<DeniedStream>,
    /// The kernel's counters when they were read last.
    counted: HashMap<(Direction, IpAddr), u64>,
}

impl DenialReporter {
    /// Reports what is received, if anything is, and counts in `metrics`.
    pub(crate) fn new(enforcer: QueryHandle, metrics: Metrics, denied: Option<DeniedPackets>) -> Self {
        Self {
            enforcer,
            metrics,
            stream: denied.and_then(DeniedStream::of),
            counted: HashMap::new(),
        }
    }

    /// Runs until the enforcer is lost.
    pub(crate) async fn run(mut self) -> Result<(), AgentError> {
        let mut reads = interval(READ);
        // After a pause of the machine one read is enough.
        reads.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                packets = next(&mut self.stream) => self.report(packets).await?,
                _ = reads.tick() => self.count().await?,
            }
        }
    }

    async fn report(&self, packets: Vec<Logged>) -> Result<(), AgentError> {
        let denials = self.enforcer.denials(packets).await?;
        if let Some(stream) = &self.stream {
            stream.report(&denials);
        }
        Ok(())
    }

    async fn count(&mut self) -> Result<(), AgentError> {
        match self.enforcer.count_denied().await {
            Ok(counts) => self.add(counts),
            // Before the first commit there is no table.
            Err(AgentError::Kernel(error)) => tracing::debug!("denied packets are not counted: {error}"),
            Err(error) => return Err(error),
        }
        Ok(())
    }

    fn add(&mut self, counts: Vec<DeniedCount>) {
        let before = std::mem::take(&mut self.counted);
        for count in counts {
            let key = (count.direction, count.pod);
            let known = before.get(&key).copied().unwrap_or_default();
            // The kernel's counter begins at zero again when the table is replaced.
            let more = count.packets.checked_sub(known).unwrap_or(count.packets);
            self.metrics
                .count_denied(count.direction, count.namespace.as_deref(), more);
            self.counted.insert(key, count.packets);
        }
    }
}
