//! Whether a program needs others to run.

/// `PT_INTERP`: the kernel starts a program by the dynamic linker that this names.
const INTERPRETER: u32 = 3;

/// Is this a 64-bit little-endian ELF program that no dynamic linker has to start?
pub(super) fn is_static(program: &[u8]) -> bool {
    program.starts_with(b"\x7fELF\x02\x01")
        && kinds(program).is_some_and(|kinds| !kinds.is_empty() && !kinds.contains(&INTERPRETER))
}

/// The kinds of the program headers; nothing if the file ends before them.
fn kinds(program: &[u8]) -> Option<Vec<u32>> {
    let begin = usize::try_from(u64::from_le_bytes(array(program, 32)?)).ok()?;
    let size = usize::from(u16::from_le_bytes(array(program, 54)?));
    let count = usize::from(u16::from_le_bytes(array(program, 56)?));
    (0..count)
        .map(|index| array(program, begin.checked_add(index * size)?).map(u32::from_le_bytes))
        .collect()
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header and headers of the program with these kinds.
    fn program(kinds: &[u32]) -> Vec<u8> {
        let mut bytes = vec![0; 64];
        bytes[..6].copy_from_slice(b"\x7fELF\x02\x01");
        bytes[32] = 64;
        bytes[54] = 56;
        bytes[56] = u8::try_from(kinds.len()).unwrap();
        for kind in kinds {
            bytes.extend(kind.to_le_bytes());
            bytes.resize(bytes.len() + 52, 0);
        }
        bytes
    }

    #[test]
    fn interpreters_are_found() {
        for (program, expected) in [
            (program(&[1, 2]), true),
            (program(&[1, INTERPRETER]), false),
            (program(&[]), false),
            (program(&[1])[..70].to_vec(), true),
            (program(&[1])[..66].to_vec(), false),
            (b"#!/bin/sh\n".to_vec(), false),
        ] {
            assert_eq!(is_static(&program), expected);
        }
    }
}
