//! Events that nobody needs any more: deleted some time after their last occurrence.
//!
//! Nothing is watched or kept: a list from time to time is cheaper than a cache of objects that nobody else
//! reads.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use kinglet_kube::{Client, Collection, Deletion, RequestError, Resource};
use kinglet_model::{Meta, Object};
use serde::Deserialize;
use tracing::{debug, warn};

/// Pause between two clean-ups: an Event may live this much longer.
const PAUSE: Duration = Duration::from_secs(300);

/// An Event (core/v1): when it occurred.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Event {
    metadata: Meta,
    event_time: Option<Timestamp>,
    last_timestamp: Option<Timestamp>,
    series: Option<Series>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Series {
    last_observed_time: Option<Timestamp>,
}

impl Object for Event {
    const GROUP: &'static str = "";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "Event";
    const PLURAL: &'static str = "events";
    const NAMESPACED: bool = true;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

impl Event {
    /// Whether its last occurrence is longer ago than `ttl`. One without any time stays.
    fn is_stale(&self, now: Timestamp, ttl: Duration) -> bool {
        let series = self.series.as_ref().and_then(|series| series.last_observed_time);
        let times = [
            self.event_time,
            self.last_timestamp,
            series,
            self.metadata.creation_timestamp,
        ];
        let ttl = SignedDuration::try_from(ttl).unwrap_or(SignedDuration::MAX);
        times
            .into_iter()
            .flatten()
            .max()
            .is_some_and(|last| now.duration_since(last) > ttl)
    }
}

/// Runs for ever.
pub(crate) async fn run(client: Client, ttl: Duration) {
    let events = Collection::new(client, Resource::of::<Event>());
    loop {
        tokio::time::sleep(PAUSE).await;
        match clean_up(&events, Timestamp::now(), ttl).await {
            Ok(deleted) => debug!(deleted, "stale events deleted"),
            Err(error) => warn!(%error, "cannot delete stale events; trying again later"),
        }
    }
}

async fn clean_up(events: &Collection, now: Timestamp, ttl: Duration) -> Result<usize, RequestError> {
    let mut deleted = 0;
    for event in events.list::<Event>("").await? {
        if event.is_stale(now, ttl) {
            let how = Deletion {
                resource_version: Some(&event.metadata.resource_version),
                ..Deletion::default()
            };
            match events.delete(&event.object_name(), &how).await {
                // Gone already, or it has just occurred again.
                Err(error) if error.is_not_found() || error.is_conflict() => {}
                result => {
                    result?;
                    deleted += 1;
                }
            }
        }
    }
    Ok(deleted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_occurrence_counts() {
        let table = [
            (
                r#"{"metadata":{"creationTimestamp":"2026-01-01T10:00:00Z"}}"#,
                true,
            ),
            (
                r#"{"metadata":{"creationTimestamp":"2026-01-01T11:30:00Z"}}"#,
                false,
            ),
            (
                r#"{"metadata":{"creationTimestamp":"2026-01-01T10:00:00Z"},"lastTimestamp":"2026-01-01T11:30:00Z"}"#,
                false,
            ),
            (
                r#"{"metadata":{"creationTimestamp":"2026-01-01T10:00:00Z"},"eventTime":"2026-01-01T10:00:00.123456Z","lastTimestamp":null}"#,
                true,
            ),
            (
                r#"{"metadata":{"creationTimestamp":"2026-01-01T10:00:00Z"},"series":{"count":2,"lastObservedTime":"2026-01-01T11:59:59.000000Z"}}"#,
                false,
            ),
            (r#"{"metadata":{}}"#, false),
        ];
        let now: Timestamp = "2026-01-01T12:00:00Z".parse().unwrap();
        for (text, stale) in table {
            let event: Event = serde_json::from_str(text).unwrap();
            assert_eq!(event.is_stale(now, Duration::from_secs(3600)), stale, "{text}");
        }
    }
}
