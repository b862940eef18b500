//! Chains: base chains, which the kernel calls at a hook, and regular ones.

use super::{Family, comment_tlv};
use crate::netlink::Writer;

/// What a base chain is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChainType {
    /// Any purpose.
    Filter,
    /// Address translation: sees only the first packet of a connection.
    Nat,
    /// Output hook only: a change of the packet leads to a new routing decision.
    Route,
}

impl ChainType {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Filter => "filter",
            Self::Nat => "nat",
            Self::Route => "route",
        }
    }
}

/// Where the kernel calls a base chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Hook {
    /// Every packet that arrives.
    Prerouting,
    /// Packets for this machine.
    Input,
    /// Packets from elsewhere to elsewhere.
    Forward,
    /// Packets of this machine.
    Output,
    /// Every packet that leaves.
    Postrouting,
    /// Frames of a device, before everything else (families netdev and inet).
    Ingress,
    /// Frames that leave a device (family netdev).
    Egress,
}

impl Hook {
    fn number(self, family: Family) -> u32 {
        match self {
            // Each family numbers its hooks; in inet tables, ingress comes after those of IP
            // (`NF_INET_INGRESS`).
            Self::Ingress if family == Family::Netdev => 0,
            Self::Ingress => 5,
            Self::Egress => 1,
            Self::Prerouting => 0,
            Self::Input => 1,
            Self::Forward => 2,
            Self::Output => 3,
            Self::Postrouting => 4,
        }
    }
}

/// What becomes of packets that no rule decides about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Policy {
    /// They go on.
    #[default]
    Accept,
    /// They are dropped.
    Drop,
}

impl Policy {
    fn number(self) -> u32 {
        match self {
            Self::Drop => 0,
            Self::Accept => 1,
        }
    }
}

/// The priorities that have names in the families inet, ip, ip6 and netdev. Lower ones come first.
pub mod priority {
    /// `raw`: before connection tracking.
    pub const RAW: i32 = -300;
    /// `mangle`
    pub const MANGLE: i32 = -150;
    /// `dstnat`: translation of destinations.
    pub const DSTNAT: i32 = -100;
    /// `filter`
    pub const FILTER: i32 = 0;
    /// `security`
    #[cfg(feature = "text")]
    pub(crate) const SECURITY: i32 = 50;
    /// `srcnat`: translation of sources.
    pub const SRCNAT: i32 = 100;
}

/// What a base chain has and a regular one has not: the hook at which the kernel calls it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseChain {
    /// What it is for.
    pub chain_type: ChainType,
    /// Where it is called.
    pub hook: Hook,
    /// When it is called: lower priorities first.
    pub priority: i32,
    /// What becomes of packets that reach its end.
    pub policy: Policy,
    /// The device, for the hooks ingress and egress.
    pub device: Option<String>,
}

/// A chain.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Chain {
    /// Its name, unique in its table.
    pub name: String,
    /// Set for a base chain.
    pub base: Option<BaseChain>,
    /// At most 127 octets.
    pub comment: Option<String>,
}

/// `enum nft_chain_attributes`
mod attribute {
    pub(super) const TABLE: u16 = 1;
    pub(super) const NAME: u16 = 3;
    pub(super) const HOOK: u16 = 4;
    pub(super) const POLICY: u16 = 5;
    pub(super) const TYPE: u16 = 7;
    pub(super) const USERDATA: u16 = 12;
}

/// `enum nft_hook_attributes`
mod hook_attribute {
    pub(super) const NUMBER: u16 = 1;
    pub(super) const PRIORITY: u16 = 2;
    pub(super) const DEVICE: u16 = 3;
}

impl Chain {
    /// A chain that others jump to.
    pub fn regular(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            base: None,
            comment: None,
        }
    }

    /// A chain that the kernel calls, with the policy to accept.
    pub fn base(name: impl Into<String>, chain_type: ChainType, hook: Hook, priority: i32) -> Self {
        Self {
            base: Some(BaseChain {
                chain_type,
                hook,
                priority,
                policy: Policy::Accept,
                device: None,
            }),
            ..Self::regular(name)
        }
    }

    /// Sets the policy of a base chain.
    pub fn policy(mut self, policy: Policy) -> Self {
        if let Some(base) = &mut self.base {
            base.policy = policy;
        }
        self
    }

    /// Sets the device of a base chain.
    pub fn device(mut self, device: impl Into<String>) -> Self {
        if let Some(base) = &mut self.base {
            base.device = Some(device.into());
        }
        self
    }

    /// Sets the comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    pub(crate) fn encode(&self, family: Family, table: &str, writer: &mut Writer) {
        Self::encode_name(table, &self.name, writer);
        if let Some(base) = &self.base {
            base.encode(family, writer);
        }
        if let Some(comment) = &self.comment {
            writer.bytes(attribute::USERDATA, &comment_tlv(0, comment));
        }
    }

    pub(crate) fn encode_name(table: &str, name: &str, writer: &mut Writer) {
        writer.text(attribute::TABLE, table);
        writer.text(attribute::NAME, name);
    }
}

impl BaseChain {
    fn encode(&self, family: Family, writer: &mut Writer) {
        writer.nested(attribute::HOOK, |writer| {
            writer.u32(hook_attribute::NUMBER, self.hook.number(family));
            // The kernel reads the 32 bits as a signed number.
            writer.u32(hook_attribute::PRIORITY, self.priority.cast_unsigned());
            if let Some(device) = &self.device {
                writer.text(hook_attribute::DEVICE, device);
            }
        });
        // Always sent: a chain that is there keeps its policy otherwise.
        writer.u32(attribute::POLICY, self.policy.number());
        writer.text(attribute::TYPE, self.chain_type.name());
    }
}
