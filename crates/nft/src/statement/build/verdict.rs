//! Verdict statements.

use crate::expression::Reject;
use crate::object::{Element, Rule};
use crate::statement::{Key, Statement};
use crate::types::Verdict;

/// Verdict statements.
impl Rule {
    /// Decides by a named verdict map; goes on if it does not have the key.
    pub fn vmap(self, key: impl Into<Key>, map: impl Into<String>) -> Self {
        self.with(Statement::VerdictMap(key.into(), map.into()))
    }

    /// Decides by elements that are part of the rule.
    pub fn vmap_of(self, key: impl Into<Key>, elements: impl IntoIterator<Item = Element>) -> Self {
        let elements = elements.into_iter().collect();
        self.with(Statement::VerdictElements(key.into(), elements))
    }

    /// Lets the packet pass this base chain.
    pub fn accept(self) -> Self {
        self.with(Verdict::Accept)
    }

    /// Drops the packet.
    pub fn drop(self) -> Self {
        self.with(Verdict::Drop)
    }

    /// Goes back to the chain before.
    pub fn returns(self) -> Self {
        self.with(Verdict::Return)
    }

    /// Jumps to a chain.
    pub fn jump(self, chain: impl Into<String>) -> Self {
        self.with(Verdict::jump(chain))
    }

    /// Goes to a chain, not to return here.
    pub fn goto(self, chain: impl Into<String>) -> Self {
        self.with(Verdict::goto(chain))
    }

    /// Drops the packet and tells its sender.
    pub fn reject(self, how: Reject) -> Self {
        self.with(Statement::Reject(how))
    }
}
