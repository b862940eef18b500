//! Names that the server makes.

use crate::error::ApiError;

/// The letters of generated names: no vowels, and nothing that looks like something else, as in Kubernetes.
const ALPHABET: &[u8] = b"bcdfghjklmnpqrstvwxz2456789";
const SUFFIX: usize = 5;
/// Longest generated name; a longer prefix is cut.
const LONGEST: usize = 63;

/// `generateName` with a random suffix.
pub(crate) fn name(prefix: &str) -> Result<String, ApiError> {
    let mut random = [0_u8; SUFFIX];
    getrandom::fill(&mut random).map_err(ApiError::internal)?;
    let letter = |byte: &u8| {
        ALPHABET
            .get(usize::from(*byte) % ALPHABET.len())
            .copied()
            .unwrap_or(b'b')
    };
    let suffix: String = random.iter().map(letter).map(char::from).collect();
    let prefix: String = prefix.chars().take(LONGEST - SUFFIX).collect();
    Ok(prefix + &suffix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn generated_names_are_short_and_differ() {
        let generated = name(&"long-".repeat(20)).unwrap();
        assert_eq!(generated.len(), LONGEST);
        assert!(generated.starts_with("long-long-"));
        assert_ne!(name("web-").unwrap(), name("web-").unwrap());
    }
}
