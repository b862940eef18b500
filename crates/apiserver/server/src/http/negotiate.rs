//! Which representation of an answer a client accepts.

use http::HeaderMap;
use http::header::{ACCEPT, ACCEPT_ENCODING, USER_AGENT};

use super::query::Query;
use crate::error::ApiError;

/// How an answer is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    /// `application/json`.
    Json,
    /// `application/yaml`.
    Yaml,
}

/// What is written down: the object itself or a transformation of it (media type parameter `as`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// The object.
    Object,
    /// `as=Table`, in this version of meta.k8s.io.
    Table(String),
    /// `as=PartialObjectMetadata` or `as=PartialObjectMetadataList`, in this version of meta.k8s.io.
    Metadata(String),
    /// `as=APIGroupDiscoveryList`, in this version of apidiscovery.k8s.io.
    Discovery(String),
}

/// The outcome of content negotiation.
#[derive(Clone, Debug)]
pub(crate) struct Accept {
    pub(crate) encoding: Encoding,
    pub(crate) shape: Shape,
    /// Indented, for people.
    pub(crate) pretty: bool,
    /// The client takes gzip.
    pub(crate) gzip: bool,
}

impl Accept {
    /// Takes the first media type of `Accept` that can be served; without one, JSON.
    pub(crate) fn negotiate(headers: &HeaderMap, query: &Query) -> Result<Self, ApiError> {
        let accept = header(headers, ACCEPT.as_str());
        let wanted = accept.split(',').map(str::trim).filter(|one| !one.is_empty());
        // In the order in which they stand: clients of Kubernetes put what they prefer first and send no `q`.
        let mut empty = true;
        let mut chosen = None;
        for media_type in wanted {
            empty = false;
            chosen = parse(media_type);
            if chosen.is_some() {
                break;
            }
        }
        let (encoding, shape) = match chosen {
            Some(chosen) => chosen,
            None if empty => (Encoding::Json, Shape::Object),
            None => return Err(not_acceptable(accept)),
        };
        let agent = header(headers, USER_AGENT.as_str());
        // Kubernetes indents for the same ones.
        let person = ["curl/", "Wget/", "Mozilla/"]
            .iter()
            .any(|prefix| agent.starts_with(prefix));
        Ok(Self {
            encoding,
            shape,
            pretty: query.flag("pretty").unwrap_or(person),
            gzip: header(headers, ACCEPT_ENCODING.as_str())
                .split(',')
                .any(|one| one.split(';').next().is_some_and(|name| name.trim() == "gzip")),
        })
    }

    /// JSON of the object itself: for answers to requests whose negotiation failed.
    pub(crate) fn json() -> Self {
        Self {
            encoding: Encoding::Json,
            shape: Shape::Object,
            pretty: false,
            gzip: false,
        }
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}

fn not_acceptable(accept: &str) -> ApiError {
    let message = if accept.contains("as=") {
        "only the following media types are accepted: application/json, application/yaml"
    } else {
        "406: Not Acceptable\n\nAvailable representations: application/json, application/yaml"
    };
    ApiError::new(406, "NotAcceptable", message)
}

/// A media type with its parameters, if it can be served.
fn parse(media_type: &str) -> Option<(Encoding, Shape)> {
    let mut parts = media_type.split(';').map(str::trim);
    let encoding = match parts.next()? {
        "application/json" | "application/*" | "*/*" => Encoding::Json,
        "application/yaml" | "application/x-yaml" => Encoding::Yaml,
        _ => return None,
    };
    let (mut kind, mut group, mut version) = ("", "", "");
    for parameter in parts {
        match parameter.split_once('=') {
            Some(("as", value)) => kind = value,
            Some(("g", value)) => group = value,
            Some(("v", value)) => version = value,
            _ => {}
        }
    }
    let shape = match (kind, group, version) {
        ("", _, _) => Shape::Object,
        ("Table", "meta.k8s.io", "v1" | "v1beta1") => Shape::Table(version.to_owned()),
        ("PartialObjectMetadata" | "PartialObjectMetadataList", "meta.k8s.io", "v1" | "v1beta1") => {
            Shape::Metadata(version.to_owned())
        }
        ("APIGroupDiscoveryList", "apidiscovery.k8s.io", "v2" | "v2beta1") => {
            Shape::Discovery(version.to_owned())
        }
        // The client's next choice is tried: kubectl ends the list of what it takes with plain JSON.
        _ => return None,
    };
    Some((encoding, shape))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn negotiate(accept: &str) -> Option<(Encoding, Shape)> {
        let mut headers = HeaderMap::new();
        headers.insert(ACCEPT, accept.parse().unwrap());
        Accept::negotiate(&headers, &Query::default())
            .ok()
            .map(|accept| (accept.encoding, accept.shape))
    }

    #[test]
    fn first_acceptable_wins() {
        let table = |version: &str| Some((Encoding::Json, Shape::Table(version.into())));
        let cases = [
            ("", Some((Encoding::Json, Shape::Object))),
            ("*/*", Some((Encoding::Json, Shape::Object))),
            ("application/yaml", Some((Encoding::Yaml, Shape::Object))),
            (
                "text/html, application/json;q=0.9",
                Some((Encoding::Json, Shape::Object)),
            ),
            (
                "application/vnd.kubernetes.protobuf,application/json",
                Some((Encoding::Json, Shape::Object)),
            ),
            (
                "application/json;as=Table;v=v1;g=meta.k8s.io,application/json",
                table("v1"),
            ),
            (
                "application/json;as=Table;g=meta.k8s.io;v=v1beta1",
                table("v1beta1"),
            ),
            ("application/json;as=Table;g=meta.k8s.io;v=v9", None),
            ("application/vnd.kubernetes.protobuf", None),
        ];
        for (accept, expected) in cases {
            assert_eq!(negotiate(accept), expected, "{accept}");
        }
    }
}
