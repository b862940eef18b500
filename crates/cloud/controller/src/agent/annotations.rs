//! From settings and host to annotations, and from a Node to the patch that it needs.

use std::collections::BTreeMap;

use kinglet_model::Node;
use serde_json::{Map, Value, json};

use super::host::Host;
use super::settings::AgentSettings;
use kinglet_cloud_rules::keys::{EXTERNAL_DNS, EXTERNAL_IP, HOSTNAME, INTERNAL_DNS, INTERNAL_IP};

/// The labels that older agents wrote instead, each with a single value.
const LEGACY_LABELS: [&str; 3] = [INTERNAL_IP, EXTERNAL_IP, HOSTNAME];

/// The annotations that are there only if an option sets them.
const OPTIONAL: [&str; 3] = [EXTERNAL_IP, INTERNAL_DNS, EXTERNAL_DNS];

/// Annotation: which of the optional ones an agent wrote, as JSON. Others may write the same ones by hand,
/// and theirs are not the agent's to remove.
const WRITTEN: &str = "kinglet.dev/node-annotations";

/// Annotations that an agent sets.
pub(super) type Wanted = BTreeMap<&'static str, String>;

/// All annotations of an agent; `None` if neither settings nor host have an address.
pub(super) fn wanted(settings: &AgentSettings, host: &impl Host) -> Option<Wanted> {
    let mut internal = settings.node_ips.clone();
    if internal.is_empty() {
        internal = host.addresses();
    }
    // Without one nothing is written at all: an empty annotation would take the node's addresses away.
    let internal = joined(&internal)?;
    let mut wanted = Wanted::from([(INTERNAL_IP, internal), (HOSTNAME, host_name(settings, host))]);
    let optional = [
        (EXTERNAL_IP, joined(&settings.node_external_ips)),
        (INTERNAL_DNS, joined(&settings.node_internal_dns)),
        (EXTERNAL_DNS, joined(&settings.node_external_dns)),
    ];
    wanted.extend(
        optional
            .into_iter()
            .filter_map(|(key, value)| Some((key, value?))),
    );
    Some(wanted)
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
    let gone = no_longer_set(node, wanted);
    let record = record(wanted);
    let set = wanted.iter().map(|(key, value)| (*key, Some(value.as_str())));
    let removed = gone.keys().map(|key| (*key, None));
    let entries = set.chain(removed).chain([(WRITTEN, record.as_deref())]);
    let annotations = differing(entries.map(|(key, value)| (key, node.metadata.annotation(key), value)));
    // Labels that older agents wrote follow; nobody gets new ones.
    let labels = differing(LEGACY_LABELS.into_iter().filter_map(|key| {
        let present = node.metadata.label(key)?;
        if let Some(value) = wanted.get(key) {
            return Some((key, Some(present), Some(first(value))));
        }
        let ours = first(gone.get(key)?) == present;
        ours.then_some((key, Some(present), None))
    }));
    let mut metadata = Map::new();
    for (field, changes) in [("annotations", annotations), ("labels", labels)] {
        if !changes.is_empty() {
            metadata.insert(field.to_owned(), changes.into());
        }
    }
    (!metadata.is_empty()).then(|| json!({"metadata": metadata}))
}

/// The annotations that an agent wrote, as they still are, and that no option sets any more.
fn no_longer_set(node: &Node, wanted: &Wanted) -> BTreeMap<&'static str, String> {
    let record = node.metadata.annotation(WRITTEN).unwrap_or_default();
    // A record that cannot be read names nothing: what it named stays.
    let written: BTreeMap<String, String> = serde_json::from_str(record).unwrap_or_default();
    let unset = OPTIONAL.into_iter().filter(|key| !wanted.contains_key(key));
    let ours = unset.filter_map(|key| Some((key, written.get(key)?.clone())));
    ours.filter(|(key, value)| node.metadata.annotation(key) == Some(value.as_str()))
        .collect()
}

/// The optional annotations of an agent, as [`WRITTEN`] has them; `None` if there are none.
fn record(wanted: &Wanted) -> Option<String> {
    let optional = OPTIONAL.into_iter();
    let written: BTreeMap<_, _> = optional.filter_map(|key| Some((key, wanted.get(key)?))).collect();
    (!written.is_empty()).then(|| json!(written).to_string())
}

/// The first entry of a list.
fn first(list: &str) -> &str {
    list.split(',').next().unwrap_or_default()
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
        Some(
            wanted
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect(),
        )
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

    fn node(annotations: Value, labels: Value) -> Node {
        let object = json!({"metadata": {"name": "n1", "annotations": annotations, "labels": labels}});
        serde_json::from_value(object).unwrap()
    }

    /// The changes of annotations and labels.
    fn changes(node: &Node, settings: &AgentSettings) -> (Value, Value) {
        let wanted = wanted(settings, &Fake("host", &["10.0.0.7"])).unwrap();
        let mut patch = patch(node, &wanted).unwrap_or_default();
        let mut take = |field: &str| patch["metadata"][field].take();
        (take("annotations"), take("labels"))
    }

    fn external() -> AgentSettings {
        settings(|settings| settings.node_external_ips = ips(&["1.2.3.4", "2001:db8::1"]))
    }

    const RECORD: &str = r#"{"k3s.io/external-ip":"1.2.3.4,2001:db8::1"}"#;

    #[test]
    fn a_patch_sets_and_changes_only_what_differs() {
        let before = json!({
            "k3s.io/hostname": "host", "k3s.io/internal-ip": "10.0.0.6", "k3s.io/external-ip": "1.2.3.9",
            "other": "stays",
        });
        let labels =
            json!({"k3s.io/internal-ip": "10.0.0.6", "k3s.io/external-ip": "1.2.3.9", "other": "stays"});
        assert_eq!(
            changes(&node(before, labels), &external()),
            (
                json!({
                    "k3s.io/internal-ip": "10.0.0.7", "k3s.io/external-ip": "1.2.3.4,2001:db8::1",
                    "kinglet.dev/node-annotations": RECORD,
                }),
                json!({"k3s.io/internal-ip": "10.0.0.7", "k3s.io/external-ip": "1.2.3.4"}),
            )
        );
        let in_line = json!({
            "k3s.io/hostname": "host", "k3s.io/internal-ip": "10.0.0.7",
            "k3s.io/external-ip": "1.2.3.4,2001:db8::1", "kinglet.dev/node-annotations": RECORD,
        });
        assert_eq!(
            changes(&node(in_line, json!({})), &external()),
            (Value::Null, Value::Null)
        );
    }

    #[test]
    fn what_an_agent_wrote_goes_with_its_option_and_what_others_wrote_stays() {
        let unset = settings(|_| ());
        let with = |external: &str, record: Option<&str>| {
            let mut annotations = json!({
                "k3s.io/hostname": "host", "k3s.io/internal-ip": "10.0.0.7", "k3s.io/external-ip": external,
                "k3s.io/external-dns": "by.hand",
            });
            if let Some(record) = record {
                annotations["kinglet.dev/node-annotations"] = record.into();
            }
            let label = external.split(',').next();
            node(annotations, json!({"k3s.io/external-ip": label}))
        };
        let nothing = Value::Null;
        let ours = "1.2.3.4,2001:db8::1";
        let no_record = json!({"kinglet.dev/node-annotations": null});
        for (external, record, annotations, labels) in [
            (
                ours,
                Some(RECORD),
                json!({"k3s.io/external-ip": null, "kinglet.dev/node-annotations": null}),
                json!({"k3s.io/external-ip": null}),
            ),
            // Written by hand, or by an agent of K3s.
            (ours, None, nothing.clone(), nothing.clone()),
            // Changed by hand after the option was gone; a record that nobody can read.
            ("5.6.7.8", Some(RECORD), no_record.clone(), nothing.clone()),
            (ours, Some("?"), no_record, nothing),
        ] {
            let found = changes(&with(external, record), &unset);
            assert_eq!(found, (annotations, labels), "{external} {record:?}");
        }
    }
}
