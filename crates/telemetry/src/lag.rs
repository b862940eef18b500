//! How far a component is behind what it was told.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;
use tokio::time::Instant;

/// The age of the oldest change that a component has heard of and that has not taken effect. Cheap to clone;
/// clones share it.
#[derive(Clone, Debug, Default)]
pub struct Lag(Arc<Mutex<Open>>);

/// The changes that have not taken effect, in the order in which they came.
#[derive(Debug, Default)]
struct Open {
    next: u64,
    since: BTreeMap<u64, Instant>,
}

/// Changes that have not taken effect; they have when this is dropped.
#[derive(Debug)]
pub struct Pending {
    lag: Lag,
    number: u64,
}

impl Lag {
    /// Changes came just now.
    pub fn begin(&self) -> Pending {
        let mut open = self.open();
        let number = open.next;
        open.next += 1;
        open.since.insert(number, Instant::now());
        Pending {
            lag: self.clone(),
            number,
        }
    }

    /// How long ago the oldest change came that has not taken effect; zero if all have.
    pub fn age(&self) -> Duration {
        let oldest = self.open().since.values().next().copied();
        oldest.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Shows it in a registry as a gauge in seconds.
    pub fn register(&self, name: &'static str, help: &'static str, registry: &mut Registry) {
        let lag = self.clone();
        registry.register_collector(Box::new(Gauge { name, help, lag }));
    }

    fn open(&self) -> MutexGuard<'_, Open> {
        // A panic cannot leave it half-changed: one insertion or one removal.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.lag.open().since.remove(&self.number);
    }
}

/// Computed when somebody asks: it grows while nothing happens.
#[derive(Debug)]
struct Gauge {
    name: &'static str,
    help: &'static str,
    lag: Lag,
}

impl Collector for Gauge {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), fmt::Error> {
        let gauge = encoder.encode_descriptor(self.name, self.help, None, MetricType::Gauge)?;
        ConstGauge::new(self.lag.age().as_secs_f64()).encode(gauge)
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::text::encode;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_oldest_change_that_is_left_counts() {
        let lag = Lag::default();
        let seconds = |seconds| tokio::time::advance(Duration::from_secs(seconds));
        assert_eq!(lag.age(), Duration::ZERO);
        let first = lag.begin();
        seconds(3).await;
        let second = lag.begin();
        seconds(2).await;
        assert_eq!(lag.age(), Duration::from_secs(5));
        drop(first);
        assert_eq!(lag.age(), Duration::from_secs(2));
        drop(second);
        seconds(9).await;
        assert_eq!(lag.age(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn the_gauge_grows_while_nothing_happens() {
        let (lag, mut registry) = (Lag::default(), Registry::default());
        lag.register("x_lag_seconds", "A test", &mut registry);
        let _pending = lag.begin();
        tokio::time::advance(Duration::from_millis(1500)).await;
        let mut text = String::new();
        encode(&mut text, &registry).unwrap();
        assert!(text.contains("# TYPE x_lag_seconds gauge"), "{text}");
        assert!(text.contains("\nx_lag_seconds 1.5\n"), "{text}");
    }
}
