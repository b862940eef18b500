//! Log and limit statements.

use crate::expression::LogFlags;

/// Logs a packet (`log`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    /// The prefix of the message, at most 127 octets.
    pub prefix: Option<String>,
    /// The netlink group that gets it; the kernel's log if there is none.
    pub group: Option<u16>,
    /// Most octets of the packet, with a group.
    pub snaplen: Option<u32>,
    /// The number of packets that the kernel sends in one datagram, with a group.
    pub threshold: Option<u16>,
    /// The level of the kernel's log, 0 (emergency) to 7 (debug).
    pub level: Option<u32>,
    /// What the kernel's log includes.
    pub flags: LogFlags,
}

/// The time that a rate is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// A second.
    Second,
    /// A minute.
    Minute,
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// A week.
    Week,
}

impl Unit {
    pub(crate) fn seconds(self) -> u64 {
        match self {
            Self::Second => 1,
            Self::Minute => 60,
            Self::Hour => 3_600,
            Self::Day => 86_400,
            Self::Week => 604_800,
        }
    }
}

/// A limited rate (`limit`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Limit {
    /// Packets, or octets, per unit.
    pub rate: u64,
    /// The time that the rate is for.
    pub unit: Unit,
    /// Packets, or octets, that may come at once.
    pub burst: u32,
    /// Octets are limited, not packets.
    pub bytes: bool,
    /// Goes on above the rate, not below it.
    pub over: bool,
}

impl Limit {
    /// Goes on for up to `rate` packets per unit; 5 may come at once.
    pub fn packets(rate: u64, unit: Unit) -> Self {
        Self {
            rate,
            unit,
            // What `nft` and the kernel (`NFT_LIMIT_PKT_BURST_DEFAULT`) take when nothing is said.
            burst: 5,
            bytes: false,
            over: false,
        }
    }

    /// Goes on for up to `rate` octets per unit.
    pub fn bytes(rate: u64, unit: Unit) -> Self {
        Self {
            // Of octets the kernel adds the burst to the rate: with 0 a unit's worth may still come at once.
            burst: 0,
            bytes: true,
            ..Self::packets(rate, unit)
        }
    }

    /// Sets what may come at once.
    pub fn burst(self, burst: u32) -> Self {
        Self { burst, ..self }
    }

    /// Goes on above the rate.
    pub fn over(self) -> Self {
        Self { over: true, ..self }
    }
}
