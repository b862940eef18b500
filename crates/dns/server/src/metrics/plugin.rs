//! Who wrote a reply: the `plugin` label.

/// Values of the `plugin` label by index; empty for the server itself, as in CoreDNS.
const NAMES: [&str; PluginIndex::COUNT] = ["", "kubernetes", "forward"];

/// Who wrote a reply. A dense index, so that counters per plugin are an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct PluginIndex(u8);

impl PluginIndex {
    /// The server itself.
    pub(crate) const SERVER: Self = Self(0);
    /// The cluster's zones.
    pub(crate) const KUBERNETES: Self = Self(1);
    /// An upstream server.
    pub(crate) const FORWARD: Self = Self(2);
    /// Number of plugins.
    pub(crate) const COUNT: usize = 3;

    /// All, in the order of their indices.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        (0..Self::COUNT as u8).map(Self)
    }

    /// Its place in an array.
    pub(crate) fn index(self) -> usize {
        usize::from(self.0)
    }

    /// The label's value.
    pub(crate) fn name(self) -> &'static str {
        NAMES.get(self.index()).copied().unwrap_or_default()
    }
}
