//! Where an action leads to.

use kinglet_nft::Verdict;

use super::lookup::Lookup;
use super::objects::Objects;
use crate::identity::Role;
use crate::plan::{Action, PortPlan};
use crate::table::REJECT;

impl Objects {
    /// Where an action leads to. Adds the chains on the way.
    pub(super) fn verdict(&mut self, port: &PortPlan, lookup: Lookup, action: Action) -> Verdict {
        match action {
            Action::Reject => Verdict::goto(REJECT),
            Action::Drop => Verdict::Drop,
            Action::Cluster => Verdict::goto(self.pool(port, lookup, Role::Cluster)),
            Action::Local => Verdict::goto(self.pool(port, lookup, Role::Local)),
            Action::LocalFromOutside => Verdict::goto(self.external_local(port, lookup)),
        }
    }
}
