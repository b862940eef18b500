//! The options of a watch.

use std::time::Duration;

use kinglet_api_schema::FieldError;

use crate::error::ApiError;
use crate::verbs::{Call, ListOptions, Selection, VersionMatch};

/// How long a watch lasts when the client does not say.
const TIMEOUT: Duration = Duration::from_secs(30 * 60);

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Start {
    /// With the changes after a revision.
    After(u64),
    /// With the changes from now on.
    Now,
    /// With the present objects as `ADDED` events.
    WithState,
}

/// The options of a watch.
#[derive(Debug)]
pub(crate) struct WatchOptions {
    pub(crate) start: Start,
    pub(crate) selection: Selection,
    pub(crate) timeout: Duration,
    /// `allowWatchBookmarks`.
    pub(crate) bookmarks: bool,
    /// A bookmark annotated `k8s.io/initial-events-end` follows the initial state.
    pub(crate) mark_initial_end: bool,
}

impl WatchOptions {
    /// Reads and checks the options.
    pub(crate) fn read(call: &Call) -> Result<Self, ApiError> {
        let list = ListOptions::read(call)?;
        let initial = call.query.flag("sendInitialEvents");
        check_initial(initial, &list)?;
        let start = match (initial, list.revision) {
            (Some(true), _) => Start::WithState,
            (Some(false), None | Some(0)) => Start::Now,
            // From before `sendInitialEvents`: a watch from no revision, or any, begins with the state.
            (None, None | Some(0)) => Start::WithState,
            (_, Some(revision)) => Start::After(revision),
        };
        let bookmarks = call.query.flag("allowWatchBookmarks").unwrap_or(false);
        Ok(Self {
            start,
            selection: list.selection,
            timeout: call
                .query
                .seconds("timeoutSeconds")?
                .filter(|timeout| !timeout.is_zero())
                .unwrap_or(TIMEOUT),
            bookmarks,
            mark_initial_end: initial == Some(true) && bookmarks,
        })
    }
}

fn check_initial(initial: Option<bool>, list: &ListOptions) -> Result<(), ApiError> {
    let problem = match (initial, list.version_match) {
        (Some(_), Some(VersionMatch::NotOlderThan)) | (None, None) => return Ok(()),
        (Some(_), _) => "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
        (None, Some(_)) => "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
    };
    let error = FieldError::forbidden("resourceVersionMatch", problem);
    Err(ApiError::invalid("meta.k8s.io", "ListOptions", "", &[error]))
}
