//! Cluster objects, reduced to what answers need and compared cheaply: a change that alters no answer stops
//! here.

mod key;
mod port;
mod reverse;
mod service;
mod slice;

pub(crate) use key::{Namespace, ServiceKey, service_key};
pub(crate) use reverse::{Owner, ReverseTable};
pub(crate) use service::{Ask, Entry, Kind, Service, Spec};
pub(crate) use slice::{Endpoint, Slice};
