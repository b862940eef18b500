//! Words of prose and parts of identifiers.

/// One word with its place.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Word<'a> {
    /// Lines before it in the text.
    pub(super) line: usize,
    /// The whole run of letters, digits and `_`.
    pub(super) whole: &'a str,
    /// The part of it in small letters.
    pub(super) part: String,
}

/// The words of a text: `SocketPair`, `socket_pair` and `socket pair` give the same parts.
pub(super) fn words(text: &str) -> Vec<Word<'_>> {
    let mut words = Vec::new();
    for (line, text) in text.lines().enumerate() {
        let wholes = text.split(|c: char| !c.is_alphanumeric() && c != '_');
        for whole in wholes.filter(|whole| !whole.is_empty()) {
            for part in parts(whole) {
                words.push(Word { line, whole, part });
            }
        }
    }
    words
}

/// Parts begin behind `_`, at a capital behind a small letter, and at the last of some capitals (`TLSKey`).
fn parts(whole: &str) -> Vec<String> {
    let chars: Vec<char> = whole.chars().collect();
    let mut parts = vec![String::new()];
    for (index, c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| chars.get(before));
        let after = chars.get(index + 1);
        let begins = c.is_uppercase()
            && (before.is_some_and(|c| !c.is_uppercase()) || after.is_some_and(|c| c.is_lowercase()));
        if *c == '_' || begins {
            parts.push(String::new());
        }
        if *c != '_'
            && let Some(part) = parts.last_mut()
        {
            part.extend(c.to_lowercase());
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_and_prose() {
        for (text, expected) in [
            ("SocketPair", "socket pair"),
            ("socket_pair", "socket pair"),
            ("SOCKET_PAIR", "socket pair"),
            ("TLSKey x509", "tls key x509"),
            ("the socket's pair, `A::b`", "the socket s pair a b"),
            ("_a", "a"),
        ] {
            let parts: Vec<String> = words(text).into_iter().map(|word| word.part).collect();
            assert_eq!(parts.join(" "), expected, "{text}");
        }
        assert_eq!(words("a\n\nb")[1].line, 2);
    }
}
