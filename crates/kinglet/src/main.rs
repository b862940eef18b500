//! The `kinglet` binary.
fn main() {}
