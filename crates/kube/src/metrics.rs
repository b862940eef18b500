//! What `/metrics` shows of watches.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry;

use crate::{Kind, Reflectors};

/// Registers the metrics of the watches: `kinglet_watch_age_seconds{group, resource}`.
pub fn register(reflectors: &Reflectors, registry: &mut Registry) {
    registry.register_collector(Box::new(Ages(reflectors.clone())));
}

/// Computed when somebody asks: an idle process has nothing to do for it.
#[derive(Debug)]
struct Ages(Reflectors);

impl Collector for Ages {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), std::fmt::Error> {
        let mut family = encoder.encode_descriptor(
            "kinglet_watch_age_seconds",
            "Time since a list, a change or a bookmark was last received for a watched resource; above 150 the API server is not reached",
            None,
            MetricType::Gauge,
        )?;
        for (Kind { group, plural }, age) in self.0.ages() {
            let labels = [("group", group), ("resource", plural)];
            let gauge = ConstGauge::new(age.as_secs_f64());
            gauge.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use http::{Request, Response};
    use http_body_util::Full;
    use kinglet_model::Node;
    use prometheus_client::encoding::text::encode;
    use tokio_util::sync::CancellationToken;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_watch_ages_until_something_is_heard() {
        let client = crate::in_process(|request: Request<kube::client::Body>| async move {
            // The list takes a while, and then the watch hangs.
            if request
                .uri()
                .query()
                .is_some_and(|query| query.contains("watch=true"))
            {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(Duration::from_secs(7)).await;
            let list = r#"{"metadata":{"resourceVersion":"5"},"items":[]}"#;
            Response::new(Full::new(bytes::Bytes::from(list)))
        });
        let reflectors = Reflectors::new(client, CancellationToken::new());
        let mut registry = Registry::default();
        register(&reflectors, &mut registry);
        let _nodes = reflectors.of::<Node>();
        let shown = async |after: u64| {
            tokio::time::sleep(Duration::from_secs(after)).await;
            let mut text = String::new();
            encode(&mut text, &registry).unwrap();
            let line = text.lines().find(|line| line.contains("resource=\"nodes\""));
            line.unwrap().to_owned()
        };
        let series = "kinglet_watch_age_seconds{group=\"\",resource=\"nodes\"}";
        for (after, age) in [(5, "5.0"), (3, "1.0"), (600, "601.0")] {
            let line = shown(after).await;
            let value = line.strip_prefix(series).unwrap().trim();
            assert!(value.starts_with(age.trim_end_matches('0')), "{line}: {age}");
        }
        assert_eq!(reflectors.silent(Duration::from_secs(600)), ["nodes"]);
        assert!(reflectors.silent(Duration::from_secs(700)).is_empty());
    }
}
