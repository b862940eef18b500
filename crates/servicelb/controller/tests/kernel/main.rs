//! The rules of the Pods against the kernel, with real packets. Root is needed, and the program `ip`.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod forwarding;
mod sockets;
