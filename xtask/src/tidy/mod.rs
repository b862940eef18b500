//! The rules of the house that no compiler checks.

mod dependencies;
mod licences;
mod text;

use anyhow::{Result, bail};

use crate::workspace::Workspace;

/// Checks everything and fails with the list of what is wrong.
pub(crate) fn run() -> Result<()> {
    let workspace = Workspace::load()?;
    let mut findings = dependencies::check(&workspace);
    findings.extend(licences::check(&workspace));
    findings.extend(text::check(&workspace)?);
    if findings.is_empty() {
        return Ok(());
    }
    bail!("{} findings:\n{}", findings.len(), findings.join("\n"));
}
