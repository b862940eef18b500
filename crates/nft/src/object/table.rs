//! Tables.

use std::fmt;

use super::comment_tlv;
use crate::netlink::Writer;

/// The packets that a table sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    /// IPv4 and IPv6.
    Inet,
    /// IPv4.
    Ip,
    /// IPv6.
    Ip6,
    /// Frames that a bridge forwards.
    Bridge,
    /// Frames of one device.
    Netdev,
}

impl Family {
    /// `NFPROTO_*`
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Inet => 1,
            Self::Ip => 2,
            Self::Netdev => 5,
            Self::Bridge => 7,
            Self::Ip6 => 10,
        }
    }

    /// The family of a number, if it is one of these.
    pub(crate) fn from_number(number: u8) -> Option<Self> {
        let all = [Self::Inet, Self::Ip, Self::Ip6, Self::Bridge, Self::Netdev];
        all.into_iter().find(|family| family.number() == number)
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Inet => "inet",
            Self::Ip => "ip",
            Self::Ip6 => "ip6",
            Self::Bridge => "bridge",
            Self::Netdev => "netdev",
        })
    }
}

/// Who may change a table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Ownership {
    /// Everybody with the privilege.
    #[default]
    Shared,
    /// Only the connection that creates or adopts the table, with which it vanishes (Linux 5.12).
    Owned,
    /// As [`Owned`](Self::Owned), but it stays when the connection closes, to be adopted by another one
    /// (Linux 6.9).
    OwnedPersistent,
}

impl Ownership {
    /// `NFT_TABLE_F_OWNER`, `NFT_TABLE_F_PERSIST`
    pub(crate) fn flags(self) -> u32 {
        match self {
            Self::Shared => 0,
            Self::Owned => 2,
            Self::OwnedPersistent => 2 | 4,
        }
    }
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Table {
    /// The packets that it sees.
    pub family: Family,
    /// Its name, unique in the family.
    pub name: String,
    /// Its chains are not hooked.
    pub dormant: bool,
    /// Who may change it.
    pub ownership: Ownership,
    /// At most 127 octets.
    pub comment: Option<String>,
}

/// `enum nft_table_attributes`
mod attribute {
    pub(super) const NAME: u16 = 1;
    pub(super) const FLAGS: u16 = 2;
    pub(super) const USERDATA: u16 = 6;
}

/// `NFT_TABLE_F_DORMANT`
const DORMANT: u32 = 1;

impl Table {
    /// A table that everybody may change.
    pub fn new(family: Family, name: impl Into<String>) -> Self {
        Self {
            family,
            name: name.into(),
            dormant: false,
            ownership: Ownership::Shared,
            comment: None,
        }
    }

    /// Sets who may change it. [`Connection::ownership`](crate::Connection::ownership) tells the best that
    /// the kernel has.
    pub fn ownership(mut self, ownership: Ownership) -> Self {
        self.ownership = ownership;
        self
    }

    /// Sets whether its chains are left unhooked.
    pub fn dormant(mut self, dormant: bool) -> Self {
        self.dormant = dormant;
        self
    }

    /// Sets the comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    pub(crate) fn encode(&self, writer: &mut Writer) {
        writer.text(attribute::NAME, &self.name);
        // Also written when 0: without it the kernel would leave the flags of a table that is there.
        let flags = self.ownership.flags() | if self.dormant { DORMANT } else { 0 };
        writer.u32(attribute::FLAGS, flags);
        if let Some(comment) = &self.comment {
            writer.bytes(attribute::USERDATA, &comment_tlv(0, comment));
        }
    }

    /// Only what identifies it.
    pub(crate) fn encode_name(&self, writer: &mut Writer) {
        writer.text(attribute::NAME, &self.name);
    }
}
