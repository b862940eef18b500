//! Entry points: where the proxy listens, and with which settings.

pub(crate) mod listener;
mod table;

pub use self::table::{EntryPoint, EntryPointId, EntryPoints, WEB, WEBSECURE};
