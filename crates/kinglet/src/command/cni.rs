//! `kinglet cni`.

use std::io::{Read as _, Write as _};

use anyhow::Result;

/// Whether a container runtime calls: without arguments, as the specification of CNI says.
pub(crate) fn is_called() -> bool {
    std::env::args_os().len() == 1 && std::env::var_os("CNI_COMMAND").is_some()
}

/// Does what the environment says. Failures, too, are printed on standard output, as the specification says.
pub(crate) fn run() -> Result<()> {
    let mut input = String::new();
    std::io::stdin().read_to_string(&mut input)?;
    let answered = kinglet_cni::run(|name| std::env::var(name).ok(), &input);
    let printed = match &answered {
        Ok(printed) => printed.clone(),
        Err(failure) => failure.to_json().to_string(),
    };
    std::io::stdout().write_all(printed.as_bytes())?;
    answered.map(drop).map_err(Into::into)
}
