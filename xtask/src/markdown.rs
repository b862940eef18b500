//! Sections and tables of Markdown pages.

/// The text between a heading and the next one of the same or a higher level.
pub(crate) fn section<'a>(page: &'a str, heading: &str) -> Option<&'a str> {
    let mut begin = None;
    let mut at = 0;
    for line in page.split_inclusive('\n') {
        let after = at + line.len();
        let level = line.chars().take_while(|c| *c == '#').count();
        match begin {
            None if level > 0 && line.trim_start_matches('#').trim() == heading => {
                begin = Some((after, level));
            }
            Some((begin, above)) if level > 0 && level <= above => return page.get(begin..at),
            _ => {}
        }
        at = after;
    }
    page.get(begin?.0..)
}

/// The cells of the rows of all tables that begin with these headings.
pub(crate) fn rows<'a>(text: &'a str, headings: &[&str]) -> Vec<Vec<&'a str>> {
    let mut rows = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let Some(line) = line.trim().strip_prefix('|') else {
            is_inside = false;
            continue;
        };
        let cells: Vec<&str> = line.trim_end_matches('|').split('|').map(str::trim).collect();
        let is_rule = cells
            .iter()
            .all(|cell| cell.chars().all(|c| matches!(c, '-' | ':')));
        if is_inside && !is_rule {
            rows.push(cells);
        } else {
            is_inside |= cells.starts_with(headings);
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# Page\n## A\none\n### B\ntwo\n## C\nthree\n";

    #[test]
    fn sections() {
        assert_eq!(section(PAGE, "A"), Some("one\n### B\ntwo\n"));
        assert_eq!(section(PAGE, "B"), Some("two\n"));
        assert_eq!(section(PAGE, "C"), Some("three\n"));
        assert_eq!(section(PAGE, "D"), None);
    }

    #[test]
    fn tables() {
        let text = "| a | b |\n|---|:-:|\n| 1 | 2 |\n| 3 | 4 |\n\n| c |\n|---|\n| 5 |\n";
        assert_eq!(rows(text, &["a", "b"]), [["1", "2"], ["3", "4"]]);
        assert_eq!(rows(text, &["c"]), [["5"]]);
        assert!(rows(text, &["b"]).is_empty());
    }
}
