//! What stands in source files.

use crate::source::Source;

/// Promises that are not kept.
const PLACEHOLDERS: &[&str] = &["todo!(", "unimplemented!(", "FIXME", "XXX"];

/// Findings in all Rust files of the crates.
pub(super) fn check(sources: &[Source<'_>]) -> Vec<String> {
    sources
        .iter()
        .filter(|source| source.path.starts_with("crates/"))
        .flat_map(|source| check_file(source.path, source.text))
        .collect()
}

fn check_file(name: &str, text: &str) -> Vec<String> {
    let mut findings = Vec::new();
    if !text.starts_with("//!") {
        findings.push(format!(
            "{name}: begin with a //! line that says what the file is for"
        ));
    }
    for (number, line) in text.lines().enumerate() {
        if let Some(placeholder) = PLACEHOLDERS
            .iter()
            .find(|placeholder| line.contains(*placeholder))
        {
            findings.push(format!(
                "{name}:{}: {placeholder} is a promise that is not kept",
                number + 1
            ));
        }
    }
    if text.contains("unsafe {")
        && !name.ends_with("/sys.rs")
        && !name.contains("/sys/")
        && !name.contains("/tests/")
    {
        findings.push(format!("{name}: unsafe code belongs in the crate's sys module"));
    }
    findings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_is_wrong() {
        let unsafe_block = ["unsafe", " { f() }"].concat();
        assert_eq!(check_file("a.rs", "//! Good.\nfn f() {}\n"), Vec::<String>::new());
        assert_eq!(check_file("a.rs", "fn f() {}").len(), 1);
        assert_eq!(check_file("a.rs", "//! X\nfn f() { todo!() }").len(), 1);
        assert_eq!(check_file("a.rs", &format!("//! X\n{unsafe_block}")).len(), 1);
        assert_eq!(
            check_file("src/sys.rs", &format!("//! X\n{unsafe_block}")),
            Vec::<String>::new()
        );
    }
}
