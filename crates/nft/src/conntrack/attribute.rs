//! The attributes of entries.

/// `enum ctattr_type`
pub(super) const ORIGINAL: u16 = 1;
pub(super) const REPLY: u16 = 2;
pub(super) const STATUS: u16 = 3;
pub(super) const TIMEOUT: u16 = 7;
pub(super) const MARK: u16 = 8;
pub(super) const ID: u16 = 12;
pub(super) const ZONE: u16 = 18;
pub(super) const MARK_MASK: u16 = 21;
