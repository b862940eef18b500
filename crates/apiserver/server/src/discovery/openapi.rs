//! `/openapi/v3`: an index, and one document per group and version.

use http::HeaderMap;

use crate::error::ApiError;
use crate::http::{Answer, Query};
use crate::registry::Registry;

/// Documents that were asked for.
#[derive(Default)]
pub(crate) struct Documents;

impl Documents {
    /// The index (empty path) or a document, for instance `apis/apps/v1`.
    pub(crate) fn answer(&self, _registry: &Registry, _path: &str, _query: &Query, headers: &HeaderMap) -> Result<Answer, ApiError> {
        let value = serde_json::json!({"paths": {}});
        Ok(super::tagged(&value, headers))
    }
}
