//! The shells of the services: watched objects in, snapshots out.

pub(crate) mod cni;
mod denied;
pub(crate) mod netpol;
pub(crate) mod servicelb;
