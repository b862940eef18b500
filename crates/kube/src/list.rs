//! Lists of watched kinds, page by page.

use http::Request;
use kinglet_model::Object;
use kube::Client;
use serde::Deserialize;
use serde_json::value::RawValue;
use tracing::warn;

/// Objects per page: bounds the memory that a first list of a large cluster takes.
const PAGE: usize = 500;

/// A complete list and the revision to watch from.
pub(crate) struct List<K> {
    pub(crate) objects: Vec<K>,
    pub(crate) resource_version: String,
}

#[derive(Deserialize)]
struct Page<'a> {
    metadata: PageMeta,
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageMeta {
    #[serde(default)]
    resource_version: String,
    #[serde(default)]
    r#continue: String,
}

/// The URL path of all objects of a kind.
pub(crate) fn path<K: Object>() -> String {
    if K::GROUP.is_empty() {
        format!("/api/{}/{}", K::VERSION, K::PLURAL)
    } else {
        format!("/apis/{}/{}/{}", K::GROUP, K::VERSION, K::PLURAL)
    }
}

/// Lists all objects of a kind. Objects that do not decode are logged and left out: one bad object must not hide the others.
pub(crate) async fn list<K: Object>(client: &Client) -> Result<List<K>, kube::Error> {
    let mut objects = Vec::new();
    let mut token = String::new();
    loop {
        let uri = format!("{}?limit={PAGE}&continue={token}", path::<K>());
        let request = Request::get(uri)
            .body(Vec::new())
            .map_err(kube::Error::HttpError)?;
        let text = client.request_text(request).await?;
        let page: Page<'_> = serde_json::from_str(&text).map_err(kube::Error::SerdeError)?;
        objects.extend(page.items.iter().filter_map(|item| decode(item)));
        if page.metadata.r#continue.is_empty() {
            return Ok(List {
                objects,
                resource_version: page.metadata.resource_version,
            });
        }
        token = page.metadata.r#continue;
    }
}

/// Decodes one object; `None`, with a log line that names it, when it does not follow the kind's schema.
pub(crate) fn decode<K: Object>(object: &RawValue) -> Option<K> {
    match serde_json::from_str(object.get()) {
        Ok(decoded) => Some(decoded),
        Err(error) => {
            warn!(kind = K::KIND, object = name_of(object), %error, "object does not decode; ignored");
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
