//! A container's environment and what `$(NAME)` stands for. Pure; ConfigMaps and Secrets are looked up
//! before.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::spec::{Container, Data, EnvVar, KeyRef, Pod, ValueFrom};

/// An environment that cannot be made; texts are a kubelet's where it has some.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EnvironmentError {
    /// Of `envFrom`.
    #[error(transparent)]
    From(ValueError),
    /// Of a variable in `env`.
    #[error("env {name}: {error}")]
    Variable { name: String, error: ValueError },
}

/// A value that cannot be found.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ValueError {
    #[error("{kind} {name:?} not found")]
    NotFound { kind: &'static str, name: String },
    #[error("couldn't find key {key} in {kind} {name:?}")]
    NoKey {
        kind: &'static str,
        name: String,
        key: String,
    },
    #[error("resourceFieldRef has no meaning here: containers of the lab have no limits")]
    ResourceField,
    #[error("valueFrom names no source")]
    NoSource,
    #[error("fieldPath {0:?} is not known")]
    FieldPath(String),
}

/// Where values come from.
pub(crate) struct Sources<'a> {
    pub(crate) pod: &'a Pod,
    pub(crate) addresses: &'a [IpAddr],
    pub(crate) hosts: &'a [IpAddr],
    /// Variables of the cluster, such as `KUBERNETES_SERVICE_HOST`.
    pub(crate) cluster: &'a [(String, String)],
    /// By name; those that do not exist are not in it.
    pub(crate) config_maps: &'a BTreeMap<String, Data>,
    /// By name; those that do not exist are not in it.
    pub(crate) secrets: &'a BTreeMap<String, Data>,
}

/// Names of the ConfigMaps and Secrets that a container's environment needs.
pub(crate) fn references(container: &Container) -> (Vec<&str>, Vec<&str>) {
    let (mut config_maps, mut secrets) = (Vec::new(), Vec::new());
    for from in &container.env_from {
        config_maps.extend(
            from.config_map_ref
                .iter()
                .map(|reference| reference.name.as_str()),
        );
        secrets.extend(from.secret_ref.iter().map(|reference| reference.name.as_str()));
    }
    for from in container
        .env
        .iter()
        .filter_map(|variable| variable.value_from.as_ref())
    {
        config_maps.extend(from.config_map_key_ref.iter().map(|key| key.name.as_str()));
        secrets.extend(from.secret_key_ref.iter().map(|key| key.name.as_str()));
    }
    (config_maps, secrets)
}

/// The environment, in order; later entries replace earlier ones of the same name.
///
/// # Errors
/// What is missing.
pub(crate) fn environment(
    container: &Container,
    sources: &Sources<'_>,
) -> Result<Vec<(String, String)>, EnvironmentError> {
    let mut all: Vec<(String, String)> = sources.cluster.to_vec();
    for from in &container.env_from {
        if let Some(reference) = &from.config_map_ref {
            let data = sources.config_maps.get(&reference.name);
            take_all(
                &mut all,
                &from.prefix,
                data,
                ("configmap", &reference.name, reference.optional),
            )
            .map_err(EnvironmentError::From)?;
        }
        if let Some(reference) = &from.secret_ref {
            let data = sources.secrets.get(&reference.name);
            take_all(
                &mut all,
                &from.prefix,
                data,
                ("secret", &reference.name, reference.optional),
            )
            .map_err(EnvironmentError::From)?;
        }
    }
    for variable in &container.env {
        let value = value(variable, &all, sources).map_err(|error| EnvironmentError::Variable {
            name: variable.name.clone(),
            error,
        })?;
        if let Some(value) = value {
            set(&mut all, variable.name.clone(), value);
        }
    }
    Ok(all)
}

fn set(all: &mut Vec<(String, String)>, name: String, value: String) {
    all.retain(|(known, _)| *known != name);
    all.push((name, value));
}

fn take_all(
    all: &mut Vec<(String, String)>,
    prefix: &str,
    data: Option<&Data>,
    (kind, name, optional): (&'static str, &str, bool),
) -> Result<(), ValueError> {
    match data {
        Some(data) => {
            for (key, value) in data {
                set(all, format!("{prefix}{key}"), value.clone());
            }
            Ok(())
        }
        None if optional => Ok(()),
        None => Err(ValueError::NotFound {
            kind,
            name: name.to_owned(),
        }),
    }
}

fn value(
    variable: &EnvVar,
    known: &[(String, String)],
    sources: &Sources<'_>,
) -> Result<Option<String>, ValueError> {
    let Some(from) = &variable.value_from else {
        let text = variable.value.as_deref().unwrap_or_default();
        return Ok(Some(expand(text, known)));
    };
    from_elsewhere(from, sources)
}

fn from_elsewhere(from: &ValueFrom, sources: &Sources<'_>) -> Result<Option<String>, ValueError> {
    if let Some(reference) = &from.config_map_key_ref {
        return key("configmap", sources.config_maps, reference);
    }
    if let Some(reference) = &from.secret_key_ref {
        return key("secret", sources.secrets, reference);
    }
    match &from.field_ref {
        Some(reference) => field(&reference.field_path, sources).map(Some),
        None if from.resource_field_ref.is_some() => Err(ValueError::ResourceField),
        None => Err(ValueError::NoSource),
    }
}

fn key(
    kind: &'static str,
    objects: &BTreeMap<String, Data>,
    reference: &KeyRef,
) -> Result<Option<String>, ValueError> {
    let name = reference.name.clone();
    let found = objects.get(&reference.name).map(|data| data.get(&reference.key));
    match found {
        Some(Some(value)) => Ok(Some(value.clone())),
        _ if reference.optional => Ok(None),
        None => Err(ValueError::NotFound { kind, name }),
        Some(None) => Err(ValueError::NoKey {
            kind,
            name,
            key: reference.key.clone(),
        }),
    }
}

/// A field of the downward API.
fn field(path: &str, sources: &Sources<'_>) -> Result<String, ValueError> {
    let (pod, meta) = (sources.pod, &sources.pod.metadata);
    let all = |addresses: &[IpAddr]| {
        let texts: Vec<String> = addresses.iter().map(ToString::to_string).collect();
        texts.join(",")
    };
    let first = |addresses: &[IpAddr]| addresses.first().map(ToString::to_string).unwrap_or_default();
    let entry = |prefix: &str| path.strip_prefix(prefix).and_then(|rest| rest.strip_suffix("']"));
    if let Some(label) = entry("metadata.labels['") {
        return Ok(meta.label(label).unwrap_or_default().to_owned());
    }
    if let Some(annotation) = entry("metadata.annotations['") {
        return Ok(meta.annotation(annotation).unwrap_or_default().to_owned());
    }
    Ok(match path {
        "metadata.name" => meta.name.to_string(),
        "metadata.namespace" => meta.namespace.to_string(),
        "metadata.uid" => meta.uid.to_string(),
        "spec.nodeName" => pod.spec.node_name.to_string(),
        "spec.serviceAccountName" => pod.spec.service_account_name.clone().unwrap_or_default(),
        "status.podIP" => first(sources.addresses),
        "status.podIPs" => all(sources.addresses),
        "status.hostIP" => first(sources.hosts),
        "status.hostIPs" => all(sources.hosts),
        _ => return Err(ValueError::FieldPath(path.to_owned())),
    })
}

/// Replaces `$(NAME)` by the variable's value; `$$` is a dollar sign, and what is not known stays as it is
/// written.
pub(crate) fn expand(text: &str, known: &[(String, String)]) -> String {
    let mut result = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        result.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let named = after
            .strip_prefix('(')
            .and_then(|inner| inner.split_once(')'))
            .and_then(|(name, rest)| Some((lookup(name, known)?, rest)));
        if let Some((value, after)) = named {
            result.push_str(value);
            rest = after;
        } else if let Some(after) = after.strip_prefix('$') {
            result.push('$');
            rest = after;
        } else {
            result.push('$');
            rest = after;
        }
    }
    result + rest
}

fn lookup<'a>(name: &str, known: &'a [(String, String)]) -> Option<&'a str> {
    let (_, value) = known.iter().find(|(known, _)| known == name)?;
    Some(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(container: serde_json::Value) -> Result<Vec<(String, String)>, EnvironmentError> {
        let container: Container = serde_json::from_value(container).unwrap();
        let mut pod = Pod::default();
        pod.metadata.name = "web-1".into();
        pod.metadata.labels.insert("app".into(), "web".into());
        let data = Data::from([("color".to_owned(), "red".to_owned())]);
        let config_maps = BTreeMap::from([("settings".to_owned(), data)]);
        environment(
            &container,
            &Sources {
                pod: &pod,
                addresses: &[IpAddr::from([10, 42, 1, 2])],
                hosts: &[],
                cluster: &[("KUBERNETES_SERVICE_PORT".to_owned(), "443".to_owned())],
                config_maps: &config_maps,
                secrets: &BTreeMap::new(),
            },
        )
    }

    #[test]
    fn values_come_from_everywhere() {
        let environment = run(json!({
            "envFrom": [{"prefix": "CFG_", "configMapRef": {"name": "settings"}}],
            "env": [
                {"name": "NAME", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                {"name": "APP", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['app']"}}},
                {"name": "COLOR", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "color"}}},
                {"name": "NONE", "valueFrom": {"secretKeyRef": {"name": "s", "key": "k", "optional": true}}},
                {"name": "TEXT", "value": "$(NAME) is $(COLOR), $(UNKNOWN) $$(NAME)"},
            ],
        }))
        .unwrap();
        let expected = [
            ("KUBERNETES_SERVICE_PORT", "443"),
            ("CFG_color", "red"),
            ("NAME", "web-1"),
            ("APP", "web"),
            ("COLOR", "red"),
            ("TEXT", "web-1 is red, $(UNKNOWN) $(NAME)"),
        ];
        let expected: Vec<_> = expected
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        assert_eq!(environment, expected);
    }

    #[test]
    fn what_is_missing_is_named() {
        let missing = |from| {
            let missing = run(json!({"env": [{"name": "A", "valueFrom": from}]}));
            missing.unwrap_err().to_string()
        };
        assert_eq!(
            missing(json!({"secretKeyRef": {"name": "s", "key": "k"}})),
            "env A: secret \"s\" not found"
        );
        assert_eq!(
            missing(json!({"configMapKeyRef": {"name": "settings", "key": "k"}})),
            "env A: couldn't find key k in configmap \"settings\""
        );
        assert_eq!(
            missing(json!({"fieldRef": {"fieldPath": "spec.x"}})),
            "env A: fieldPath \"spec.x\" is not known"
        );
    }
}
