//! Why an object cannot be processed now.

use kinglet_kube::{Failure, RequestError};

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CollectError {
    #[error(transparent)]
    Request(#[from] RequestError),
    /// Nobody serves the kind of an owner: it may come back, and the owner with it.
    #[error("owner of unknown kind {0}")]
    UnknownKind(String),
}

/// An attempt that failed. The collector works by uid; people look for kind and name.
#[derive(Debug, thiserror::Error)]
#[error("{object}: {error}")]
pub(crate) struct AttemptError {
    pub(super) object: String,
    pub(super) error: CollectError,
}

impl Failure for AttemptError {
    fn is_stale(&self) -> bool {
        match &self.error {
            CollectError::Request(error) => error.is_conflict(),
            CollectError::UnknownKind(_) => true,
        }
    }
}
