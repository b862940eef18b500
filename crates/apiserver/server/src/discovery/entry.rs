//! Kinds as discovery shows them.

use crate::auth::Review;
use crate::registry::Registry;

/// A kind as discovery shows it.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) plural: String,
    pub(crate) singular: String,
    pub(crate) namespaced: bool,
    pub(crate) verbs: Vec<String>,
    pub(crate) short_names: Vec<String>,
    pub(crate) categories: Vec<String>,
    pub(crate) subresources: Vec<Subresource>,
}

/// A subresource as discovery shows it.
#[derive(Clone, Debug)]
pub(crate) struct Subresource {
    pub(crate) name: &'static str,
    pub(crate) group: String,
    pub(crate) version: String,
    pub(crate) kind: String,
    pub(crate) verbs: &'static [&'static str],
}

/// All kinds in the order of discovery: the core group, then groups in the order in which they were
/// registered.
pub(crate) fn entries(registry: &Registry) -> Vec<Entry> {
    let stored = registry.kinds().iter().map(|served| Entry::of(&served.resource));
    stored
        .chain(Review::ALL.into_iter().map(Entry::of_review))
        .collect()
}

impl Entry {
    fn of(resource: &kinglet_api_kinds::Resource) -> Self {
        let own = |name, verbs| Subresource {
            name,
            group: resource.group.to_string(),
            version: resource.version.to_string(),
            kind: resource.kind.to_string(),
            verbs,
        };
        let mut subresources = Vec::new();
        if *resource.plural == *"certificatesigningrequests" && !resource.is_custom() {
            subresources.push(own("approval", &["get", "patch", "update"]));
        }
        if resource.group.is_empty() && *resource.plural == *"namespaces" {
            subresources.push(own("finalize", &["update"]));
        }
        if resource.group.is_empty() && *resource.plural == *"pods" {
            subresources.push(Subresource {
                kind: "Binding".into(),
                ..own("binding", &["create"])
            });
        }
        if resource.scale.is_some() {
            subresources.push(Subresource {
                name: "scale",
                group: "autoscaling".into(),
                version: "v1".into(),
                kind: "Scale".into(),
                verbs: &["get", "patch", "update"],
            });
        }
        if resource.has_status {
            subresources.push(own("status", &["get", "patch", "update"]));
        }
        let texts = |all: &[std::sync::Arc<str>]| all.iter().map(ToString::to_string).collect();
        Self {
            group: resource.group.to_string(),
            version: resource.version.to_string(),
            kind: resource.kind.to_string(),
            plural: resource.plural.to_string(),
            singular: resource.singular.to_string(),
            namespaced: resource.namespaced,
            verbs: resource.verbs.iter().map(|verb| (*verb).to_owned()).collect(),
            short_names: texts(&resource.short_names),
            categories: texts(&resource.categories),
            subresources,
        }
    }

    fn of_review(review: Review) -> Self {
        Self {
            group: review.group.into(),
            version: "v1".into(),
            kind: review.kind.into(),
            plural: review.plural.into(),
            singular: review.kind.to_lowercase(),
            namespaced: review.namespaced,
            verbs: vec!["create".into()],
            short_names: Vec::new(),
            categories: Vec::new(),
            subresources: Vec::new(),
        }
    }
}

/// Groups (but the core one) with their versions, in order.
pub(super) fn groups(entries: &[Entry]) -> Vec<(&str, Vec<&str>)> {
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for entry in entries.iter().filter(|entry| !entry.group.is_empty()) {
        let position = groups.iter().position(|(group, _)| *group == entry.group);
        let index = position.unwrap_or_else(|| {
            groups.push((entry.group.as_str(), Vec::new()));
            groups.len() - 1
        });
        if let Some((_, versions)) = groups.get_mut(index)
            && !versions.contains(&entry.version.as_str())
        {
            versions.push(&entry.version);
        }
    }
    for (_, versions) in &mut groups {
        // The first one is the preferred one.
        versions.sort_by(|one, other| priority(other).cmp(&priority(one)));
    }
    groups
}

/// Stable versions come before beta and alpha ones, higher numbers before lower ones, and other names last,
/// in the order of the alphabet (apimachinery `CompareKubeAwareVersionStrings`).
fn priority(version: &str) -> (u8, u32, u32, std::cmp::Reverse<&str>) {
    let parsed = version.strip_prefix('v').and_then(|rest| {
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (major, rest) = rest.split_at(end);
        let (class, minor) = match (rest, rest.strip_prefix("beta"), rest.strip_prefix("alpha")) {
            ("", ..) => (3, "0"),
            (_, Some(minor), _) => (2, minor),
            (_, _, Some(minor)) => (1, minor),
            _ => return None,
        };
        Some((class, major.parse().ok()?, minor.parse().ok()?))
    });
    let (class, major, minor) = parsed.unwrap_or_default();
    let name = if class == 0 { version } else { "" };
    (class, major, minor, std::cmp::Reverse(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stable_versions_are_preferred() {
        let sorted = [
            "v10",
            "v2",
            "v1",
            "v11beta2",
            "v10beta3",
            "v3beta1",
            "v12alpha1",
            "v11alpha2",
            "foo1",
            "foo10",
        ];
        let mut versions = sorted;
        versions.reverse();
        versions.sort_by(|one, other| priority(other).cmp(&priority(one)));
        assert_eq!(versions, sorted);
    }
}
