//! The endpoints that a connection may go to, and the chain that chooses one of them.

use std::collections::BTreeSet;

use super::lookup::Lookup;
use super::objects::Objects;
use crate::backend::Backend;
use crate::identity::Role;
use crate::plan::PortPlan;

impl PortPlan {
    /// The endpoints of a pool.
    pub(super) fn pool(&self, role: Role) -> &BTreeSet<Backend> {
        match role {
            Role::Local => &self.endpoints.local,
            _ => &self.endpoints.cluster,
        }
    }

    pub(super) fn pool_size(&self, role: Role) -> u32 {
        u32::try_from(self.pool(role).len()).unwrap_or(u32::MAX)
    }
}

impl Objects {
    /// The chain that translates to an endpoint of a pool.
    pub(super) fn pool(&mut self, port: &PortPlan, lookup: Lookup, role: Role) -> String {
        match port.affinity {
            None => self.balance(port, lookup, role),
            Some(timeout) => self.affinity(port, role, timeout),
        }
    }
}
