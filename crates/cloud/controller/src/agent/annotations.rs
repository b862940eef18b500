//! From settings and host to annotations, and from a Node to the patch that it needs.

use std::collections::BTreeMap;

use kinglet_model::Node;
use serde_json::{Map, Value, json};

use super::host::Host;
use super::settings::AgentSettings;
use kinglet_cloud_rules::keys::{EXTERNAL_DNS, EXTERNAL_IP, HOSTNAME, INTERNAL_DNS, INTERNAL_IP};

/// The labels that older agents wrote instead, each with a single value.
const LEGACY_LABELS: [&str; 3] = [INTERNAL_IP, EXTERNAL_IP, HOSTNAME];

/// Annotations, and whether they are there.
pub(super) type Wanted = BTreeMap<&'static str, Option<String>>;

/// All annotations of an agent; `None` if neither settings nor host have an address.
pub(super) fn wanted(settings: &AgentSettings, host: &impl Host) -> Option<Wanted> {
    let mut internal = settings.node_ips.clone();
    if internal.is_empty() {
        internal = host.addresses();
    }
    // Without one nothing is written at all: an empty annotation would take the node's addresses away.
    let internal = joined(&internal)?;
    Some(Wanted::from([
        (INTERNAL_IP, Some(internal)),
        (EXTERNAL_IP, joined(&settings.node_external_ips)),
        (INTERNAL_DNS, joined(&settings.node_internal_dns)),
        (EXTERNAL_DNS, joined(&settings.node_external_dns)),
        (HOSTNAME, Some(host_name(settings, host))),
    ]))
}

/// Without a name of its own, a host is called like its Node.
fn host_name(settings: &AgentSettings, host: &impl Host) -> String {
    let name = host.name();
    if name.is_empty() || name.contains("localhost") {
        settings.node_name.clone()
    } else {
        name
    }
}

/// A list as annotations hold it; `None` if it is empty.
fn joined(entries: &[impl ToString]) -> Option<String> {
    let entries: Vec<String> = entries.iter().map(ToString::to_string).collect();
    (!entries.is_empty()).then(|| entries.join(","))
}

/// The merge patch (RFC 7396) of what differs on a Node; `None` if nothing does.
pub(super) fn patch(node: &Node, wanted: &Wanted) -> Option<Value> {
    let annotations = differing(wanted.iter().map(|(key, value)| {
        let present = node.metadata.annotation(key);
        (*key, present, value.as_deref())
    }));
    let first = |value: &'static str| wanted.get(value)?.as_deref()?.split(',').next();
    // Labels that older agents wrote follow; nobody gets new ones.
    let labels = differing(LEGACY_LABELS.into_iter().filter_map(|key| {
        let present = node.metadata.label(key)?;
        Some((key, Some(present), first(key)))
    }));
    let mut metadata = Map::new();
    for (field, changes) in [("annotations", annotations), ("labels", labels)] {
        if !changes.is_empty() {
            metadata.insert(field.to_owned(), changes.into());
        }
    }
    (!metadata.is_empty()).then(|| json!({"metadata": metadata}))
}

/// The entries whose present value is not the wanted one, with the wanted one, or with `null`, which removes
/// them.
fn differing<'a>(
    entries: impl Iterator<Item = (&'a str, Option<&'a str>, Option<&'a str>)>,
) -> Map<String, Value> {
    entries
        .filter(|(_, present, wanted)| present != wanted)
        .map(|(key, _, wanted)| (key.to_owned(), json!(wanted)))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;

    use super::*;

    struct Fake(&'static str, &'static [&'static str]);

    impl Host for Fake {
        fn name(&self) -> String {
            self.0.to_owned()
        }

        fn addresses(&self) -> Vec<IpAddr> {
            ips(self.1)
        }
    }

    fn ips(texts: &[&str]) -> Vec<IpAddr> {
        texts.iter().map(|text| text.parse().unwrap()).collect()
    }

    fn settings(change: impl FnOnce(&mut AgentSettings)) -> AgentSettings {
        let mut settings = AgentSettings::new(Some("n1".to_owned()), &Fake("", &[]));
        change(&mut settings);
        settings
    }

    /// `key=value` of what is there.
    fn lines(settings: &AgentSettings, host: &Fake) -> Option<Vec<String>> {
        let wanted = wanted(settings, host)?;
        let there = wanted
            .iter()
            .filter_map(|(key, value)| Some(format!("{key}={}", value.as_ref()?)));
        Some(there.collect())
    }

    #[test]
    fn what_is_not_set_comes_from_the_host() {
        let host = Fake("Host-1.example.com", &["10.0.0.7"]);
        assert_eq!(AgentSettings::new(None, &host).node_name, "host-1.example.com");
        assert_eq!(
            lines(&settings(|_| ()), &host).unwrap(),
            [
                "k3s.io/hostname=Host-1.example.com",
                "k3s.io/internal-ip=10.0.0.7"
            ]
        );
    }

    #[test]
    fn what_is_set_is_said() {
        let settings = settings(|settings| {
            settings.node_ips = ips(&["fd00::1", "10.0.0.1"]);
            settings.node_external_ips = ips(&["1.2.3.4", "2001:db8::1"]);
            settings.node_internal_dns = vec!["n1.internal".to_owned()];
            settings.node_external_dns = vec!["a.example.com".to_owned(), "b.example.com".to_owned()];
        });
        assert_eq!(
            lines(&settings, &Fake("host", &["10.0.0.7"])).unwrap(),
            [
                "k3s.io/external-dns=a.example.com,b.example.com",
                "k3s.io/external-ip=1.2.3.4,2001:db8::1",
                "k3s.io/hostname=host",
                "k3s.io/internal-dns=n1.internal",
                "k3s.io/internal-ip=fd00::1,10.0.0.1",
            ]
        );
    }

    #[test]
    fn a_host_without_a_name_is_called_like_its_node() {
        for name in ["", "localhost", "localhost.localdomain"] {
            let lines = lines(&settings(|_| ()), &Fake(name, &["10.0.0.7"])).unwrap();
            assert_eq!(lines[0], "k3s.io/hostname=n1", "{name:?}");
        }
    }

    #[test]
    fn without_any_address_nothing_is_said() {
        assert_eq!(lines(&settings(|_| ()), &Fake("host", &[])), None);
    }

    #[test]
    fn a_patch_sets_changes_and_removes_only_what_differs() {
        let wanted = wanted(&settings(|_| ()), &Fake("host", &["10.0.0.7"])).unwrap();
        let node: Node = serde_json::from_value(json!({"metadata": {
            "name": "n1",
            "annotations": {
                "k3s.io/hostname": "host", "k3s.io/internal-ip": "10.0.0.6", "k3s.io/external-ip": "1.2.3.4",
                "other": "stays",
            },
            "labels": {"k3s.io/internal-ip": "10.0.0.6", "k3s.io/external-ip": "1.2.3.4", "other": "stays"},
        }}))
        .unwrap();
        let changes = json!({"k3s.io/internal-ip": "10.0.0.7", "k3s.io/external-ip": null});
        assert_eq!(
            patch(&node, &wanted).unwrap(),
            json!({"metadata": {"annotations": changes, "labels": changes}})
        );
        let in_line: Node = serde_json::from_value(json!({"metadata": {
            "name": "n1",
            "annotations": {"k3s.io/hostname": "host", "k3s.io/internal-ip": "10.0.0.7"},
        }}))
        .unwrap();
        assert_eq!(patch(&in_line, &wanted), None);
    }
}
