//! How errors are told.

/// Writes an error to standard error.
pub(crate) fn print(error: &anyhow::Error) {
    let red = anstyle::AnsiColor::Red.on_default().bold();
    anstream::eprintln!("{red}error:{red:#} {}", describe(error));
}

/// The error with its causes, without those that it names already: some libraries repeat the cause in their
/// own text.
fn describe(error: &anyhow::Error) -> String {
    error
        .chain()
        .map(ToString::to_string)
        .fold(String::new(), |text, cause| match text.as_str() {
            "" => cause,
            known if known.ends_with(&cause) => text,
            _ => format!("{text}: {cause}"),
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn causes_are_named_once() {
        let error = anyhow::anyhow!("no such file")
            .context("directory x: no such file")
            .context("--data-dir x");
        assert_eq!(describe(&error), "--data-dir x: directory x: no such file");
    }
}
