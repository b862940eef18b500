//! Who sends a request: certificates, tokens, identities, and the reviews by which clients ask about
//! themselves.
//!
//! Every identity that this server hands out is an administrator (group `system:masters`), so authorisation
//! is a single question: is the request authenticated? RBAC objects are stored, but nobody exists whom they
//! could restrict.

mod authority;
mod certificate;
mod client;
mod error;
mod files;
mod identity;
mod kubeconfig;
mod pairs;
mod reviews;

pub(crate) use authority::Authority;
pub use error::AuthorityError;
pub use identity::Identity;
pub(crate) use reviews::{Review, review};
