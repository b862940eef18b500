//! Cluster objects, reduced to what answers need. The reduced forms are compared, so that a change that
//! alters no answer is noticed before anything is compiled.

mod key;
mod port;
mod reverse;
mod service;
mod slice;

pub(crate) use key::{Namespace, ServiceKey, service_key};
pub(crate) use reverse::{AddressOwner, ReverseTable};
pub(crate) use service::{Entry, Kind, Question, Service, Spec};
pub(crate) use slice::{Endpoint, Slice};
