//! A file holds one idea, so it is short.

use crate::source::Source;

/// Most lines of a file.
const CODE: usize = 400;
/// Most lines of a file of tests.
const TESTS: usize = 600;

/// Files that may be longer, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Files that are too long.
pub(super) fn check(sources: &[Source<'_>]) -> Vec<String> {
    findings(sources, EXCEPTIONS)
}

fn findings(sources: &[Source<'_>], exceptions: &[(&str, &str)]) -> Vec<String> {
    let (mut long, mut findings) = (Vec::new(), Vec::new());
    for source in sources {
        let lines = source.text.lines().count();
        let most = if source.is_test { TESTS } else { CODE };
        if lines <= most {
            continue;
        }
        long.push(source.path);
        if !exceptions.iter().any(|(path, _)| *path == source.path) {
            findings.push(format!("{}: {lines} lines; {most} are allowed", source.path));
        }
    }
    let idle = exceptions.iter().filter(|(path, _)| !long.contains(path));
    findings.extend(idle.map(|(path, _)| format!("{path} needs no exception of length")));
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_files() {
        for (path, lines, exceptions, expected) in [
            ("a.rs", CODE, &[][..], 0),
            ("a.rs", CODE + 1, &[], 1),
            ("a/tests.rs", TESTS, &[], 0),
            ("a/tests.rs", TESTS + 1, &[], 1),
            ("a.rs", CODE + 1, &[("a.rs", "generated")], 0),
            ("a.rs", CODE, &[("a.rs", "generated")], 1),
            ("a.rs", CODE, &[("gone.rs", "generated")], 1),
        ] {
            let text = "\n".repeat(lines);
            let sources = [Source::new(path, &text)];
            assert_eq!(
                findings(&sources, exceptions).len(),
                expected,
                "{path} {lines} {exceptions:?}"
            );
        }
    }
}
