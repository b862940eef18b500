//! The services of a node: options to settings, and what each is given.

pub(crate) mod cni;
pub(crate) mod netpol;
pub(crate) mod service_proxy;
pub(crate) mod servicelb;
