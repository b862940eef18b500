//! Errors of listeners that name the flag to change.

use std::fmt::Display;
use std::net::SocketAddr;

use anyhow::Error;

/// `--dns-listen 127.0.0.1:1053: address already in use; ...`.
pub(crate) fn failed(flag: &str, address: SocketAddr, cause: impl Display) -> Error {
    Error::msg(format!(
        "--{flag} {address}: {cause}; choose another address with --{flag} ADDRESS:PORT"
    ))
}
