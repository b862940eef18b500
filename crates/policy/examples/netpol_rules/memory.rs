//! How much memory this process takes.

use std::error::Error;

use serde_json::{Value, json};

/// Resident memory in MiB: all of it now, and the most there was.
pub(crate) fn resident() -> Result<Value, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    Ok(json!({"now": field(&status, "VmRSS:")?, "most": field(&status, "VmHWM:")?}))
}

fn field(status: &str, name: &str) -> Result<f64, Box<dyn Error>> {
    let line = status.lines().find_map(|line| line.strip_prefix(name));
    let kib = line.and_then(|line| line.trim().strip_suffix(" kB"));
    Ok(kib.ok_or("the kernel does not tell")?.parse::<f64>()? / 1024.0)
}
