//! Leader election on a Lease (coordination.k8s.io/v1), as client-go does it: of all processes with the same
//! Lease, one works at a time.
//!
//! [`record`] is the object and the pure rule who may take it, [`candidate`] one process' attempts to get and
//! to keep it, [`term`] the work that runs while it is kept.
//!
//! Clocks are never compared: a candidate measures by its own clock for how long it has seen the Lease
//! unchanged. The holder stops its work [`Election::renew_deadline`] after it *sent* its last renewal that
//! succeeded; others wait for [`Election::duration`] after they *saw* it. As long as the first is shorter
//! than the second, no two work at once.

mod candidate;
mod record;
mod term;
#[cfg(test)]
mod tests;

use std::time::Duration;

use kinglet_model::ObjectName;

pub use self::term::lead;

/// Who wants to lead what, and how fast. Defaults are those of Kubernetes' own components.
#[derive(Clone, Debug)]
pub struct Election {
    /// The Lease; it is created when it is not there.
    pub lease: ObjectName,
    /// This candidate among all of them (`holderIdentity`).
    pub identity: String,
    /// For how long the others believe in a holder that they do not hear. Written in whole seconds, rounded
    /// up.
    pub duration: Duration,
    /// The holder that could not renew for this long stops working. Must be shorter than `duration`.
    pub renew_deadline: Duration,
    /// Pause between two attempts to get or to renew it; those of candidates are stretched by up to 120 %,
    /// each differently.
    pub retry: Duration,
}

impl Election {
    /// An election of a candidate on this host, told from others there by a random number: `<host>_<uuid>`.
    pub fn new(lease: ObjectName, host: &str) -> Self {
        Self {
            lease,
            identity: format!("{host}_{}", uuid::Uuid::new_v4()),
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }
}
