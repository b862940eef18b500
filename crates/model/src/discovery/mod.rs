//! Kinds of the group discovery.k8s.io.

mod endpoint_slice;

pub use endpoint_slice::{
    AddressType, Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice,
};
