//! `kinglet version`.

use std::io::Write;

use anyhow::Result;
use kinglet_config::OutputFormat;

/// Prints the version as text or JSON.
pub(crate) fn print(output: OutputFormat) -> Result<()> {
    let version = env!("CARGO_PKG_VERSION");
    let mut out = anstream::stdout();
    match output {
        OutputFormat::Text => writeln!(out, "kinglet {version}")?,
        OutputFormat::Json => writeln!(
            out,
            "{}",
            serde_json::json!({"name": "kinglet", "version": version})
        )?,
    }
    Ok(())
}
