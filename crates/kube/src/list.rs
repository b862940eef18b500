//! Lists of watched kinds, page by page.

use std::sync::Arc;

use http::Request;
use http::header::ACCEPT;
use kinglet_model::Object;
use kube::Client;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use tracing::warn;

use crate::resource::Resource;

/// Objects per page: bounds the memory that a first list of a large cluster takes.
const PAGE: usize = 500;

#[derive(Deserialize)]
struct Page<'a> {
    metadata: PageMeta,
    // Go writes an empty list as `null`, too.
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    r#continue: String,
}

/// What to list and watch, and in which form.
#[derive(Clone, Debug)]
pub(crate) struct Source {
    /// The kind, for log lines.
    pub(crate) kind: Arc<str>,
    /// URL path of the collection.
    pub(crate) path: String,
    /// Only `metadata` of the objects (`PartialObjectMetadata`).
    pub(crate) metadata_only: bool,
}

const FULL: &str = "application/json";
const METADATA: &str = "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1";
const METADATA_LIST: &str = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";

impl Source {
    /// All objects of a kind, whole.
    pub(crate) fn of<K: Object>() -> Self {
        Self {
            kind: K::KIND.into(),
            path: Resource::of::<K>().collection(""),
            metadata_only: false,
        }
    }

    /// `Accept` of requests whose answers are single objects: watches too.
    pub(crate) fn accept(&self) -> &'static str {
        if self.metadata_only { METADATA } else { FULL }
    }

    fn accept_list(&self) -> &'static str {
        if self.metadata_only { METADATA_LIST } else { FULL }
    }
}

/// Lists a collection. Objects that do not decode are logged and left out: one bad object must not hide the
/// others.
pub(crate) async fn list<T: DeserializeOwned + Send>(
    client: &Client,
    source: &Source,
) -> Result<Vec<T>, kube::Error> {
    let mut decoded = Vec::new();
    pages(client, source, &mut |objects| {
        let items = objects
            .iter()
            .filter_map(|object| decode(&source.kind, object, from_json));
        decoded.extend(items);
    })
    .await?;
    Ok(decoded)
}

/// Gives the objects of a collection to `take`, page by page, and answers the revision to watch from.
pub(crate) async fn pages(
    client: &Client,
    source: &Source,
    take: &mut (dyn FnMut(&[&RawValue]) + Send),
) -> Result<String, kube::Error> {
    let mut token = String::new();
    loop {
        // The first page decides the revision of all pages; a token that expires meanwhile (410) fails the
        // list, and the caller begins again.
        // Tokens are base64 in its URL-safe alphabet, and need no escaping.
        let uri = format!("{}?limit={PAGE}&continue={token}", source.path);
        let request = Request::get(uri)
            .header(ACCEPT, source.accept_list())
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        let text = client.request_text(request).await?;
        // Objects stay text here, so that one that does not follow its schema fails alone.
        let page: Page<'_> = serde_json::from_str(&text).map_err(kube::Error::SerdeError)?;
        take(&page.items.unwrap_or_default());
        if page.metadata.r#continue.is_empty() {
            return Ok(page.metadata.resource_version);
        }
        token = page.metadata.r#continue;
    }
}

/// How an object is decoded: [`Object::from_json`], or [`from_json`] for what is no watched kind.
pub(crate) type Decode<T> = fn(&str) -> serde_json::Result<T>;

/// Reads what decodes from any part of an object.
pub(crate) fn from_json<T: DeserializeOwned>(text: &str) -> serde_json::Result<T> {
    serde_json::from_str(text)
}

/// Decodes one object; `None`, with a log line that names it, when it does not follow the kind's schema.
pub(crate) fn decode<T>(kind: &str, object: &RawValue, decode: Decode<T>) -> Option<T> {
    match decode(object.get()) {
        Ok(decoded) => Some(decoded),
        Err(error) => {
            warn!(kind, object = name_of(object), %error, "object does not decode; ignored");
            None
        }
    }
}

/// `namespace/name` of an object that otherwise does not decode.
fn name_of(object: &RawValue) -> String {
    #[derive(Default, Deserialize)]
    #[serde(default)]
    struct Named {
        metadata: kinglet_model::Meta,
    }
    let named: Named = serde_json::from_str(object.get()).unwrap_or_default();
    named.metadata.object_name().to_string()
}
