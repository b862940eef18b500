//! Verdicts.

/// Whether a packet passes, or where its evaluation goes on.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Leaves this base chain; base chains of later priority still see the packet.
    Accept,
    /// Final.
    Drop,
    /// Goes on with the next rule.
    Continue,
    /// Goes back to the chain that jumped here, or to the policy.
    Return,
    /// Goes to a chain, and on with the next rule when that returns.
    Jump(String),
    /// Goes to a chain, and returns from there to where this one would.
    Goto(String),
}

impl Verdict {
    /// Jumps to `chain`.
    pub fn jump(chain: impl Into<String>) -> Self {
        Self::Jump(chain.into())
    }

    /// Goes to `chain`.
    pub fn goto(chain: impl Into<String>) -> Self {
        Self::Goto(chain.into())
    }

    /// `enum nft_verdicts`, and `NF_DROP`, `NF_ACCEPT`.
    pub(crate) fn code(&self) -> i32 {
        match self {
            Self::Drop => 0,
            Self::Accept => 1,
            Self::Continue => -1,
            Self::Jump(_) => -3,
            Self::Goto(_) => -4,
            Self::Return => -5,
        }
    }

    /// The chain that evaluation goes to.
    pub fn chain(&self) -> Option<&str> {
        match self {
            Self::Jump(chain) | Self::Goto(chain) => Some(chain),
            _ => None,
        }
    }

    /// The verdict of a code, with the chain where it needs one.
    pub(crate) fn decode(code: i32, chain: Option<String>) -> Option<Self> {
        match code {
            0 => Some(Self::Drop),
            1 => Some(Self::Accept),
            -1 => Some(Self::Continue),
            -3 => chain.map(Self::Jump),
            -4 => chain.map(Self::Goto),
            -5 => Some(Self::Return),
            _ => None,
        }
    }
}
