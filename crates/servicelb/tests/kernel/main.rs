//! The rules of the Pods against the kernel.
