//! What the API fills in when a field is not given.
//!
//! One function per kind; each changes nothing when it runs again on its own result.

pub(crate) mod config;
pub(crate) mod control;
pub(crate) mod network;
pub(crate) mod pod;
pub(crate) mod storage;
pub(crate) mod workload;

#[cfg(test)]
mod tests;
