//! Subresources of Pods that kubelets answer, and the paths at which kubelets do.

use http::Method;

use super::pod::Pod;
use crate::error::ApiError;
use crate::http::{Query, Target};

/// A subresource of Pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PodResource {
    Log,
    Exec,
    Attach,
    PortForward,
}

impl PodResource {
    /// The one that a path names.
    pub(crate) fn of(target: &Target) -> Option<Self> {
        if !target.group.is_empty() || target.version != "v1" || target.plural != "pods" || target.watch {
            return None;
        }
        match target.subresource.as_deref()? {
            "log" => Some(Self::Log),
            "exec" => Some(Self::Exec),
            "attach" => Some(Self::Attach),
            "portforward" => Some(Self::PortForward),
            _ => None,
        }
    }

    /// WebSocket connections begin with GET, those of SPDY with POST.
    pub(super) fn takes(self, method: &Method) -> bool {
        *method == Method::GET || (*method == Method::POST && self != Self::Log)
    }

    /// Path and query at the kubelet, which names parameters differently.
    pub(super) fn path(self, pod: &Pod, query: &Query) -> Result<String, ApiError> {
        let place = format!("{}/{}", segment(pod.namespace()), segment(pod.name()));
        let container = || pod.container(query.text("container")).map(segment);
        let (path, parameters) = match self {
            Self::Log => (format!("/containerLogs/{place}/{}", container()?), log(query)),
            Self::Exec => (format!("/exec/{place}/{}", container()?), exec(query)?),
            Self::Attach => (format!("/attach/{place}/{}", container()?), streams(query)?),
            Self::PortForward => (format!("/portForward/{place}"), ports(query)),
        };
        let pairs: Vec<String> = parameters
            .into_iter()
            .map(|(name, value)| format!("{name}={}", segment(&value)))
            .collect();
        Ok(format!("{path}?{}", pairs.join("&")))
    }
}

type Parameters = Vec<(&'static str, String)>;

/// Fields of PodLogOptions.
fn log(query: &Query) -> Parameters {
    let fields = [
        "follow",
        "previous",
        "timestamps",
        "sinceSeconds",
        "sinceTime",
        "tailLines",
        "limitBytes",
        "stream",
    ];
    let given = fields
        .into_iter()
        .filter_map(|field| Some((field, query.text(field)?.to_owned())));
    given.collect()
}

/// Fields of PodExecOptions.
fn exec(query: &Query) -> Result<Parameters, ApiError> {
    let mut all = streams(query)?;
    all.extend(query.all("command").map(|word| ("command", word.to_owned())));
    Ok(all)
}

/// The streams of exec and attach. A terminal has no standard error of its own.
fn streams(query: &Query) -> Result<Parameters, ApiError> {
    let tty = query.flag("tty").unwrap_or(false);
    let flags = [
        ("input", query.flag("stdin").unwrap_or(false)),
        ("output", query.flag("stdout").unwrap_or(false)),
        ("error", query.flag("stderr").unwrap_or(false) && !tty),
        ("tty", tty),
    ];
    let set: Parameters = flags
        .into_iter()
        .filter(|(_, set)| *set)
        .map(|(name, _)| (name, "1".to_owned()))
        .collect();
    if set.iter().all(|(name, _)| *name == "tty") {
        return Err(ApiError::bad_request(
            "you must specify at least 1 of stdin, stdout, stderr",
        ));
    }
    Ok(set)
}

fn ports(query: &Query) -> Parameters {
    query.all("ports").map(|port| ("port", port.to_owned())).collect()
}

/// Percent encoding of what may stand in every part of a URL (RFC 3986, 2.3: unreserved characters).
fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => out.push(char::from(byte)),
            other => out.push_str(&format!("%{other:02X}")),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::http::Route;

    fn pod() -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "web", "namespace": "shop"}, "spec": {"containers": [{"name": "app"}]},
        }))
        .unwrap()
    }

    fn path(resource: PodResource, query: &str) -> String {
        resource
            .path(&pod(), &Query::parse(query))
            .unwrap_or_else(|error| error.message)
    }

    #[test]
    fn parameters_are_named_as_kubelets_name_them() {
        let cases = [
            (
                PodResource::Log,
                "follow=true&tailLines=5&pretty=1",
                "/containerLogs/shop/web/app?follow=true&tailLines=5",
            ),
            (
                PodResource::Exec,
                "command=sh&command=-c&command=a+%26%26+b&stdout=true&stderr=true&container=app",
                "/exec/shop/web/app?output=1&error=1&command=sh&command=-c&command=a%20%26%26%20b",
            ),
            (
                PodResource::Attach,
                "stdin=1&stdout=1&stderr=1&tty=true",
                "/attach/shop/web/app?input=1&output=1&tty=1",
            ),
            (
                PodResource::Exec,
                "command=sh&tty=true",
                "you must specify at least 1 of stdin, stdout, stderr",
            ),
            (
                PodResource::PortForward,
                "ports=80",
                "/portForward/shop/web?port=80",
            ),
        ];
        for (resource, query, expected) in cases {
            assert_eq!(path(resource, query), expected, "{query}");
        }
    }

    #[test]
    fn other_subresources_are_none() {
        let of = |path: &str| match Route::parse(path) {
            Route::Objects(target) => PodResource::of(&target),
            _ => None,
        };
        assert_eq!(of("/api/v1/namespaces/a/pods/b/log"), Some(PodResource::Log));
        assert_eq!(of("/api/v1/namespaces/a/pods/b/status"), None);
        assert_eq!(of("/api/v1/namespaces/a/services/b/log"), None);
    }
}
