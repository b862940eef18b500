//! Writes netlink attributes into a growing buffer.

/// Octets of `struct nlattr`.
const ATTRIBUTE: usize = 4;
/// Flag in an attribute's type that says that its payload consists of attributes.
pub(super) const NESTED: u16 = 1 << 15;

/// A buffer of attributes. Integers are written in network order, which is the rule of nfnetlink.
#[derive(Debug, Default)]
pub(crate) struct Writer {
    bytes: Vec<u8>,
    oversized: bool,
}

impl Writer {
    /// Takes over octets that are written already.
    pub(crate) fn on(bytes: Vec<u8>) -> Self {
        Self {
            bytes,
            oversized: false,
        }
    }

    /// The octets written.
    pub(crate) fn finish(self) -> Vec<u8> {
        self.bytes
    }

    /// Octets written so far.
    pub(crate) fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether an attribute was longer than the 65,535 octets that its length field can tell; the buffer must
    /// not be sent then.
    pub(crate) fn oversized(&self) -> bool {
        self.oversized
    }

    pub(crate) fn bytes(&mut self, kind: u16, payload: &[u8]) {
        self.head(kind, payload.len() + ATTRIBUTE);
        self.bytes.extend_from_slice(payload);
        self.pad();
    }

    pub(crate) fn u8(&mut self, kind: u16, value: u8) {
        self.bytes(kind, &[value]);
    }

    pub(crate) fn u16(&mut self, kind: u16, value: u16) {
        self.bytes(kind, &value.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, kind: u16, value: u32) {
        self.bytes(kind, &value.to_be_bytes());
    }

    pub(crate) fn u64(&mut self, kind: u16, value: u64) {
        self.bytes(kind, &value.to_be_bytes());
    }

    /// A text with a NUL at its end: the kernel compares and prints names as C strings.
    pub(crate) fn text(&mut self, kind: u16, text: &str) {
        self.head(kind, text.len() + 1 + ATTRIBUTE);
        self.bytes.extend_from_slice(text.as_bytes());
        self.bytes.push(0);
        self.pad();
    }

    /// An attribute whose payload are the attributes that `fill` writes.
    pub(crate) fn nested(&mut self, kind: u16, fill: impl FnOnce(&mut Self)) {
        let start = self.bytes.len();
        self.head(kind | NESTED, ATTRIBUTE);
        fill(self);
        // Only now is the length known; attributes inside are padded, so that nothing is to be added.
        let len = self.length(self.bytes.len() - start);
        if let Some(field) = self.bytes.get_mut(start..start + 2) {
            field.copy_from_slice(&len.to_ne_bytes());
        }
    }

    /// An attribute whose payload are attributes that are written already.
    pub(crate) fn nested_bytes(&mut self, kind: u16, attributes: &[u8]) {
        self.bytes(kind | NESTED, attributes);
    }

    fn head(&mut self, kind: u16, len: usize) {
        let len = self.length(len);
        self.bytes.extend_from_slice(&len.to_ne_bytes());
        self.bytes.extend_from_slice(&kind.to_ne_bytes());
    }

    fn length(&mut self, len: usize) -> u16 {
        u16::try_from(len).unwrap_or_else(|_| {
            // Cut off, the rest would be read as other attributes.
            self.oversized = true;
            u16::MAX
        })
    }

    fn pad(&mut self) {
        self.bytes.resize(self.bytes.len().next_multiple_of(4), 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attributes_are_padded_and_nested() {
        let mut writer = Writer::default();
        writer.nested(2, |writer| {
            writer.text(1, "ab");
            writer.u32(3, 1);
        });
        let expected = [
            20, 0, 2, 0x80, // nested, 20 octets
            7, 0, 1, 0, b'a', b'b', 0, 0, // text
            8, 0, 3, 0, 0, 0, 0, 1, // integer
        ];
        assert_eq!(writer.finish(), expected);
    }

    #[test]
    fn what_does_not_fit_is_told() {
        let mut writer = Writer::default();
        writer.bytes(1, &[0; 65_531]);
        assert!(!writer.oversized());
        writer.bytes(1, &[0; 65_532]);
        assert!(writer.oversized());
    }
}
