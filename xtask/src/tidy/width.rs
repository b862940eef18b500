//! Comments are no wider than code; rustfmt leaves them as they are.

use crate::source::{Source, comment_lines};

/// `max_width` of rustfmt.toml.
const WIDTH: usize = 110;

/// Lines with a comment that are too wide.
pub(super) fn check(sources: &[Source<'_>]) -> Vec<String> {
    sources.iter().flat_map(check_file).collect()
}

fn check_file(source: &Source<'_>) -> Vec<String> {
    let lines: Vec<&str> = source.text.lines().collect();
    let width = |line: usize| lines.get(line - 1).map_or(0, |text| text.chars().count());
    comment_lines(source)
        .iter()
        .filter(|comment| width(comment.line) > WIDTH)
        .filter(|comment| !comment.is_example && !cannot_break(comment.text))
        .map(|comment| {
            let (path, line) = (source.path, comment.line);
            format!(
                "{path}:{line}: a comment of {} columns; {WIDTH} are allowed",
                width(line)
            )
        })
        .collect()
}

/// A row of a table, or an address.
fn cannot_break(text: &str) -> bool {
    text.starts_with('|') || text.split_whitespace().any(|word| word.contains("://"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_lines() {
        let wide = "w ".repeat(WIDTH);
        for (text, findings) in [
            (format!("// {wide}\n"), 1),
            (format!("//! {wide}\n"), 1),
            (format!("/* a\n {wide} */\n"), 1),
            (format!("fn f() {{}} // {wide}\n"), 1),
            (format!("const A: &str = \"{wide}\";\n"), 0),
            (format!("/// ```\n/// {wide}\n/// ```\n"), 0),
            (format!("/// | {wide} |\n"), 0),
            (format!("// https://example.org/{wide}\n"), 0),
            ("// short\n".to_owned(), 0),
        ] {
            assert_eq!(check_file(&Source::new("a.rs", &text)).len(), findings, "{text}");
        }
    }
}
