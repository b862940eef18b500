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
mod identity;
mod record;
mod term;
#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use kinglet_model::ObjectName;

use self::identity::Identity;
pub use self::term::lead;

/// Who wants to lead what, and how fast. Defaults are those of Kubernetes' own components.
#[derive(Clone, Debug)]
pub struct Election {
    /// The Lease; it is created when it is not there.
    pub lease: ObjectName,
    /// This candidate among all of them (`holderIdentity`).
    identity: Arc<Identity>,
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
        Self::of(lease, Identity::random(host))
    }

    /// An election of a candidate that takes its Lease back at once when it starts again, even after it was
    /// killed. Its number is kept in a directory of this machine, in a file that is locked while the process
    /// lives: of several candidates on a machine one has it, the others, and those that cannot write there,
    /// have random ones.
    pub fn lasting(lease: ObjectName, host: &str, directory: &Path) -> Self {
        let file = format!("lease-{}-{}", lease.namespace, lease.name);
        let identity = Identity::kept(host, &directory.join(file));
        Self::of(lease, identity)
    }

    fn of(lease: ObjectName, identity: Identity) -> Self {
        Self {
            lease,
            identity: Arc::new(identity),
            duration: Duration::from_secs(15),
            renew_deadline: Duration::from_secs(10),
            retry: Duration::from_secs(2),
        }
    }

    /// This candidate among all of them (`holderIdentity`).
    pub(crate) fn identity(&self) -> &str {
        &self.identity.name
    }
}
