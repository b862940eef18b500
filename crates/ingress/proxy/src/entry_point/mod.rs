//! Entry points: where the proxy listens.

pub(crate) mod listener;

use std::fmt;

/// A place where the proxy listens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EntryPoint {
    /// Clear text.
    Web,
    /// TLS.
    Websecure,
}

impl EntryPoint {
    /// The name in Traefik's configuration and metrics.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Websecure => "websecure",
        }
    }
}

impl fmt::Display for EntryPoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
