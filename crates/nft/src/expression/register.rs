//! Registers.

use crate::netlink::Writer;

/// Registers of four octets each.
const COUNT: u32 = 16;
/// `NFT_REG32_00`
const FIRST: u32 = 8;
/// `NFT_REG_1`, which is the same place.
const FIRST_LONG: u32 = 1;
/// `NFT_REG_VERDICT`: what is put there is the verdict of the rule.
pub(crate) const VERDICT_REGISTER: u32 = 0;

/// One of the 16 registers of four octets; a longer value fills those that follow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Register(u32);

impl Register {
    /// Register `index`, if there is one.
    pub fn new(index: u32) -> Option<Self> {
        (index < COUNT).then_some(Self(index))
    }

    /// The register behind a value of `len` octets in this one, if there is one.
    pub fn after(self, len: usize) -> Option<Self> {
        // A value of one octet fills a register, too: the kernel pads it with zeros.
        let words = u32::try_from(len.div_ceil(4)).ok()?;
        Self::new(self.0.checked_add(words)?)
    }

    /// Writes an attribute that names the register.
    pub(super) fn encode(self, kind: u16, writer: &mut Writer) {
        writer.u32(kind, self.number());
    }

    /// `enum nft_registers`: each register of 16 octets has a number, and each of 4. The kernel dumps the
    /// former where both name the same place, so comparing with what it lists needs that number, too.
    fn number(self) -> u32 {
        if self.0.is_multiple_of(4) {
            FIRST_LONG + self.0 / 4
        } else {
            FIRST + self.0
        }
    }
}
