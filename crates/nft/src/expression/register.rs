//! Registers.

/// Registers of four octets each.
const COUNT: u32 = 16;
/// `NFT_REG32_00`
const FIRST: u32 = 8;
/// `NFT_REG_1`, which is the same place.
const FIRST_LONG: u32 = 1;

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
        let words = u32::try_from(len.div_ceil(4)).ok()?;
        Self::new(self.0.checked_add(words)?)
    }

    /// `enum nft_registers`, as the kernel lists it: the first of each four has a number of 16 octets.
    pub(crate) fn number(self) -> u32 {
        if self.0.is_multiple_of(4) {
            FIRST_LONG + self.0 / 4
        } else {
            FIRST + self.0
        }
    }
}
