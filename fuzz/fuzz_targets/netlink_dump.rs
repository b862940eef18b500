//! Any octets as the kernel's answer to a request about nftables or connection tracking: nothing panics, and
//! a connection's tuples are read again as they are written.

#![no_main]

use kinglet_nft::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let _found = fuzzing::answer(input);
});
