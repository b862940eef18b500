//! How demos print what to try.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

/// Of titles.
pub(super) const TITLE: Style = AnsiColor::Green.on_default().bold();
/// Of remarks.
pub(super) const NOTE: Style = Style::new().dimmed();

/// Prints commands in groups, each under a remark.
pub(super) fn commands(out: &mut impl Write, groups: &[(&str, Vec<String>)]) -> io::Result<()> {
    for (title, commands) in groups {
        writeln!(out, "{NOTE}# {title}{NOTE:#}")?;
        for command in commands {
            writeln!(out, "{command}")?;
        }
        writeln!(out)?;
    }
    Ok(())
}
