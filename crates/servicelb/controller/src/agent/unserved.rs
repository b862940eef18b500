//! Changes whose part for this node the kernel does not have rules for yet.

use std::collections::VecDeque;
use std::sync::Arc;

use kinglet_servicelb_plan::NodeShare;
use kinglet_telemetry::Pending;

/// The changes, with the share that each led to, in the order in which they came.
#[derive(Debug, Default)]
pub(super) struct Unserved(VecDeque<(Arc<NodeShare>, Pending)>);

impl Unserved {
    /// Changes have led to this share.
    pub(super) fn add(&mut self, share: Arc<NodeShare>, changes: Pending) {
        self.0.push_back((share, changes));
    }

    /// The kernel has rules for this share, and so for those before it.
    pub(super) fn serve(&mut self, served: &Arc<NodeShare>) {
        let last = self.0.iter().rposition(|(share, _)| Arc::ptr_eq(share, served));
        self.0.drain(..last.map_or(0, |last| last + 1));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use kinglet_telemetry::Lag;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_share_that_is_served_covers_those_before_it() {
        let (lag, mut unserved) = (Lag::default(), Unserved::default());
        let shares = [0; 3].map(|_| Arc::new(NodeShare::new()));
        for share in &shares {
            unserved.add(share.clone(), lag.begin());
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        // Changes that lead to the same share.
        unserved.add(shares[2].clone(), lag.begin());
        assert_eq!(lag.age(), Duration::from_secs(3));
        unserved.serve(&Arc::new(NodeShare::new()));
        assert_eq!(lag.age(), Duration::from_secs(3), "a share of before");
        unserved.serve(&shares[1]);
        assert_eq!(lag.age(), Duration::from_secs(1));
        unserved.serve(&shares[2]);
        assert_eq!(lag.age(), Duration::ZERO);
    }
}
