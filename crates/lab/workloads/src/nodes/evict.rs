//! What the `NoExecute` taints of a node do to a Pod.

use std::time::Duration;

use super::super::objects::{Taint, Toleration};
use super::super::placement::NO_EXECUTE;

/// What becomes of a Pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Eviction {
    None,
    /// It goes after a time.
    After(Duration),
}

/// The fate of a Pod with these tolerations: it goes at once when a taint is not tolerated, and when the
/// first toleration ends.
pub(super) fn eviction(tolerations: &[Toleration], taints: &[Taint]) -> Eviction {
    let taints = taints.iter().filter(|taint| &*taint.effect == NO_EXECUTE);
    let mut eviction = Eviction::None;
    for taint in taints {
        let mut matching = tolerations.iter().filter(|one| one.tolerates(taint)).peekable();
        if matching.peek().is_none() {
            return Eviction::After(Duration::ZERO);
        }
        // A toleration without a time tolerates for ever.
        let shortest = matching.filter_map(|one| one.toleration_seconds).min();
        if let Some(seconds) = shortest {
            let seconds = Duration::from_secs(u64::try_from(seconds).unwrap_or(0));
            eviction = match eviction {
                Eviction::After(before) => Eviction::After(before.min(seconds)),
                Eviction::None => Eviction::After(seconds),
            };
        }
    }
    eviction
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_first_end_of_a_toleration_counts() {
        let taints: Vec<Taint> = serde_json::from_value(json!([
            {"key": "a", "effect": "NoExecute"},
            {"key": "b", "effect": "NoExecute"},
            {"key": "c", "effect": "NoSchedule"},
        ]))
        .unwrap();
        let after = |seconds| Eviction::After(Duration::from_secs(seconds));
        let table = [
            (json!([]), after(0)),
            (json!([{"key": "a", "operator": "Exists"}]), after(0)),
            (json!([{"operator": "Exists"}]), Eviction::None),
            (json!([{"operator": "Exists", "tolerationSeconds": 5}]), after(5)),
            (
                json!([{"operator": "Exists"}, {"key": "b", "operator": "Exists", "tolerationSeconds": 7}]),
                after(7),
            ),
            (json!([{"operator": "Exists", "tolerationSeconds": -1}]), after(0)),
        ];
        for (tolerations, expected) in table {
            let decoded: Vec<Toleration> = serde_json::from_value(tolerations.clone()).unwrap();
            assert_eq!(eviction(&decoded, &taints), expected, "{tolerations}");
            assert_eq!(eviction(&decoded, &taints[2..]), Eviction::None);
        }
    }
}
