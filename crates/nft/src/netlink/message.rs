//! The headers of netlink and nfnetlink.

/// Flags of `struct nlmsghdr`. The upper ones share their bits: what they mean depends on the kind of
/// message.
pub(crate) mod flag {
    /// The kernel handles no message without it.
    pub(crate) const REQUEST: u16 = 0x1;
    pub(crate) const ACK: u16 = 0x4;
    /// Of an answer: the objects changed while they were dumped.
    pub(crate) const DUMP_INTERRUPTED: u16 = 0x10;
    pub(crate) const EXCL: u16 = 0x200;
    pub(crate) const CREATE: u16 = 0x400;
    pub(crate) const APPEND: u16 = 0x800;
    /// `NLM_F_ROOT | NLM_F_MATCH`.
    pub(crate) const DUMP: u16 = 0x300;
    /// Of an acknowledgement: the original message is not included.
    pub(crate) const CAPPED: u16 = 0x100;
    /// Of an acknowledgement: attributes follow.
    pub(crate) const ACK_ATTRIBUTES: u16 = 0x200;
}

/// Types of messages that belong to no subsystem.
pub(crate) mod kind {
    pub(crate) const ERROR: u16 = 2;
    pub(crate) const DONE: u16 = 3;
    pub(crate) const OVERRUN: u16 = 4;
    pub(crate) const BATCH_BEGIN: u16 = 16;
    pub(crate) const BATCH_END: u16 = 17;
}

/// What precedes the attributes of a message: `struct nlmsghdr` and `struct nfgenmsg`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Header {
    pub(crate) kind: u16,
    pub(crate) flags: u16,
    pub(crate) sequence: u32,
    pub(crate) family: u8,
    /// Of batches the subsystem, of logs the group.
    pub(crate) resource: u16,
}

/// Writes the headers of a message, with a length that [`patch_length`] sets when the message is complete.
pub(crate) fn header(bytes: &mut Vec<u8>, header: Header) {
    bytes.extend_from_slice(&0_u32.to_ne_bytes());
    bytes.extend_from_slice(&header.kind.to_ne_bytes());
    bytes.extend_from_slice(&header.flags.to_ne_bytes());
    bytes.extend_from_slice(&header.sequence.to_ne_bytes());
    // The sender's port: the kernel knows it from the socket.
    bytes.extend_from_slice(&0_u32.to_ne_bytes());
    // NFNETLINK_V0
    bytes.extend_from_slice(&[header.family, 0]);
    // Netlink's header is in the order of the host, this field of nfnetlink's in that of the network.
    bytes.extend_from_slice(&header.resource.to_be_bytes());
}

/// Writes the length of the message that starts at `start` and ends with the buffer.
pub(crate) fn patch_length(bytes: &mut [u8], start: usize) {
    let len = u32::try_from(bytes.len().saturating_sub(start)).unwrap_or(u32::MAX);
    if let Some(field) = bytes.get_mut(start..start + 4) {
        field.copy_from_slice(&len.to_ne_bytes());
    }
}
