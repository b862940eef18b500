//! Bytes of a client connection: the strict framing in front of the HTTP library, and the canonical forms of
//! hosts and paths.
//!
//! The first byte of the input chooses the size of the pieces in which the rest arrives. Properties: nothing
//! panics; pieces do not matter; bytes pass unchanged but for the one that is spoiled; canonical forms are
//! fixed points.

#![no_main]

use kinglet_ingress_proxy::framing::{Framing, Violation};
use kinglet_ingress_routes::{host, path};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|input: &[u8]| {
    let Some((piece, bytes)) = input.split_first() else {
        return;
    };
    let (violation, passed) = scan(bytes, bytes.len());
    assert_eq!(scan(bytes, usize::from(*piece)), (violation, passed.clone()));
    let unchanged = passed.len() - usize::from(violation.is_some());
    assert_eq!(passed[..unchanged], bytes[..unchanged]);
    if let Ok(text) = str::from_utf8(bytes) {
        canonical_forms(text);
    }
});

/// The verdict on a connection's bytes and what is passed on, when they come in pieces of the given size.
fn scan(bytes: &[u8], piece: usize) -> (Option<Violation>, Vec<u8>) {
    let mut framing = Framing::default();
    let mut passed = Vec::new();
    for part in bytes.chunks(piece.max(1)) {
        let mut part = part.to_vec();
        let keep = framing.scan(&mut part);
        passed.extend_from_slice(&part[..keep]);
    }
    (framing.violation(), passed)
}

fn canonical_forms(text: &str) {
    if let Ok(normal) = path::normalize(text) {
        assert_eq!(path::normalize(&normal).as_deref(), Ok(&*normal));
        path::routing_path(&normal);
    }
    if host::is_valid(text) {
        let mut buffer = [0; 255];
        let name = host::canonical(text, &mut buffer).to_owned();
        assert!(!name.bytes().any(|byte| byte.is_ascii_uppercase()));
    }
}
