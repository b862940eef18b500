//! Get and list.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use kinglet_api_schema::FieldError;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::call::Call;
use super::selection::Selection;
use super::shape::ListMeta;
use crate::error::ApiError;
use crate::http::Answer;
use crate::store::Stored;

/// `resourceVersionMatch`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VersionMatch {
    /// This revision or a later one.
    NotOlderThan,
    /// Exactly this revision.
    Exact,
}

/// `ListOptions`, from the query.
#[derive(Clone, Debug)]
pub(crate) struct ListOptions {
    pub(crate) selection: Selection,
    limit: usize,
    resume: Option<Resume>,
    /// `resourceVersion`; `None` when missing or empty.
    pub(crate) revision: Option<u64>,
    pub(crate) version_match: Option<VersionMatch>,
}

/// What a `continue` token says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Resume {
    /// Version of the token.
    v: String,
    /// Revision of the first page; -1 for the latest.
    rv: i64,
    /// Namespace and name of the last object of the page before.
    start: (String, String),
}

const TOKEN_VERSION: &str = "meta.k8s.io/v1";

impl ListOptions {
    /// Reads and checks the options of a list or watch.
    pub(crate) fn read(call: &Call) -> Result<Self, ApiError> {
        let query = &call.query;
        let revision = query
            .text("resourceVersion")
            .map(|text| text.parse::<u64>().map_err(|_| not_a_revision(text)))
            .transpose()?;
        let version_match = match query.text("resourceVersionMatch") {
            None => None,
            Some("NotOlderThan") => Some(VersionMatch::NotOlderThan),
            Some("Exact") => Some(VersionMatch::Exact),
            Some(other) => {
                let accepted = ["Exact", "NotOlderThan", ""];
                return Err(invalid(FieldError::not_supported(
                    "resourceVersionMatch",
                    other,
                    &accepted,
                )));
            }
        };
        let options = Self {
            selection: Selection::read(call)?,
            limit: query
                .number("limit")?
                .and_then(|limit| usize::try_from(limit).ok())
                .unwrap_or(0),
            resume: query.text("continue").map(Resume::decode).transpose()?,
            revision,
            version_match,
        };
        options.check(call)?;
        Ok(options)
    }

    fn check(&self, call: &Call) -> Result<(), ApiError> {
        let forbidden = |field: &str, detail: &str| Err(invalid(FieldError::forbidden(field, detail)));
        let revision = self.revision.filter(|revision| *revision > 0);
        if self.resume.is_some() && revision.is_some() {
            return Err(ApiError::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        if call.query.flag("watch").unwrap_or(false) {
            return Ok(());
        }
        if call.query.get("sendInitialEvents").is_some() {
            return forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list");
        }
        if self.version_match.is_none() || call.name.is_some() {
            return Ok(());
        }
        if self.revision.is_none() {
            return forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden unless resourceVersion is provided",
            );
        }
        if self.resume.is_some() {
            return forbidden(
                "resourceVersionMatch",
                "resourceVersionMatch is forbidden when continue is provided",
            );
        }
        if self.version_match == Some(VersionMatch::Exact) && self.revision == Some(0) {
            let detail = "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"";
            return forbidden("resourceVersionMatch", detail);
        }
        Ok(())
    }

    /// The revision that a list shows; `None` for the latest.
    fn at(&self, current: u64) -> Result<Option<u64>, ApiError> {
        if let Some(resume) = &self.resume {
            return Ok(u64::try_from(resume.rv).ok());
        }
        // 0 asks for any state, and the latest is one.
        let Some(wanted) = self.revision.filter(|wanted| *wanted > 0) else {
            return Ok(None);
        };
        if wanted > current {
            return Err(too_large(wanted, current));
        }
        let exact = match self.version_match {
            Some(VersionMatch::Exact) => true,
            Some(VersionMatch::NotOlderThan) => false,
            // With a limit and without a match, Kubernetes lists exactly this revision.
            None => self.limit > 0,
        };
        Ok(exact.then_some(wanted))
    }
}

/// 422 for a list option.
fn invalid(error: FieldError) -> ApiError {
    ApiError::invalid("meta.k8s.io", "ListOptions", "", &[error])
}

/// 400 for a `resourceVersion` that this server cannot have given.
fn not_a_revision(text: &str) -> ApiError {
    ApiError::bad_request(format!(
        "invalid resource version: resourceVersion: Invalid value: {text:?}: strconv.ParseUint: parsing {text:?}: invalid syntax"
    ))
}

/// 504 for a revision that does not exist yet.
fn too_large(wanted: u64, current: u64) -> ApiError {
    let mut error = ApiError::new(
        504,
        "Timeout",
        format!("Timeout: Too large resource version: {wanted}, current: {current}"),
    );
    // By this cause client-go's reflectors know that the server is behind, and list without a revision.
    error.details = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    });
    error
}

impl Resume {
    fn decode(token: &str) -> Result<Self, ApiError> {
        let bytes = URL_SAFE_NO_PAD.decode(token.trim_end_matches('='));
        bytes
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .filter(|resume: &Self| resume.v == TOKEN_VERSION)
            .ok_or_else(|| ApiError::bad_request("invalid continue token: continue key is not valid"))
    }

    fn encode(&self) -> String {
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Whether an object belongs to a page before.
    fn is_past(&self, stored: &Stored) -> bool {
        let (namespace, name) = &self.start;
        (&*stored.name.namespace, &*stored.name.name) <= (namespace.as_str(), name.as_str())
    }
}

impl Call {
    /// `GET` of an object.
    pub(crate) fn get(&self) -> Result<Answer, ApiError> {
        if let Some(wanted) = ListOptions::read(self)?.revision {
            let current = self.server.store.revision();
            if wanted > current {
                return Err(too_large(wanted, current));
            }
        }
        let stored = self.stored()?;
        Ok(self.answer_stored(200, &stored))
    }

    /// `GET` of a collection.
    pub(crate) fn list(&self) -> Result<Answer, ApiError> {
        let options = ListOptions::read(self)?;
        let store = &self.server.store;
        let at = options.at(store.revision())?;
        let listing = store
            .list(&self.kind.collection, self.namespace.as_deref(), at)
            .map_err(|_| self.expired(&options))?;
        let matching = listing
            .objects
            .into_iter()
            .filter(|stored| {
                options
                    .resume
                    .as_ref()
                    .is_none_or(|resume| !resume.is_past(stored))
            })
            .filter(|stored| options.selection.matches(&self.kind, stored));
        let mut objects: Vec<Arc<Stored>> = matching.collect();
        let mut meta = ListMeta {
            revision: listing.revision,
            ..ListMeta::default()
        };
        if options.limit > 0 && objects.len() > options.limit {
            // With selectors Kubernetes does not know the count, and leaves it out.
            if options.selection.is_everything() {
                meta.remaining = Some(objects.len() - options.limit);
            }
            objects.truncate(options.limit);
            meta.resume = objects.last().map(|last| page_end(last, listing.revision));
        }
        Ok(self.answer_list(&objects, &meta))
    }

    /// 410: the revision of a page, or the wanted one, is no longer known.
    fn expired(&self, options: &ListOptions) -> ApiError {
        let Some(resume) = &options.resume else {
            return ApiError::expired("The resourceVersion for the provided list is too old.");
        };
        let mut error = ApiError::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without \
             the continue parameter, or use the continue token in this response to retrieve the remainder of the results. \
             Continuing with the provided token results in an inconsistent list - objects that were created, modified, or \
             deleted between the time the first chunk was returned and now may show up in the list.",
        );
        let inconsistent = Resume {
            rv: -1,
            ..resume.clone()
        };
        error.resume = Some(inconsistent.encode());
        error
    }
}

fn page_end(last: &Stored, revision: u64) -> String {
    let token = Resume {
        v: TOKEN_VERSION.to_owned(),
        rv: i64::try_from(revision).unwrap_or(-1),
        start: (last.name.namespace.to_string(), last.name.name.to_string()),
    };
    token.encode()
}
