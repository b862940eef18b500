//! Sets with elements, and rules, that octets choose: they are encoded and printed without a panic, and
//! elements are read as they were written.

#![no_main]

use kinglet_nft::fuzzing;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    if let Some((set, written, read)) = fuzzing::written_and_read(input) {
        assert_eq!(written, read, "{set:?}");
    }
    let _text = fuzzing::rule(input);
});
