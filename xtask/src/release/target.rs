//! For which platform the binary is built, so that it needs nothing of the machine that it runs on.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// How a static binary is built here.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// With musl, which is made for static programs.
    Musl,
    /// With glibc. Names are resolved by its built-in `files` and `dns` only.
    Glibc,
}

impl Target {
    /// musl where Rust's library for it and a C compiler (for ring) are there.
    pub(super) fn choose() -> Self {
        let installed = output(Command::new("rustup").args(["target", "list", "--installed"]));
        let compiler = Command::new("musl-gcc").arg("--version").output();
        Self::of(
            &installed.unwrap_or_default(),
            compiler.is_ok_and(|compiler| compiler.status.success()),
        )
    }

    fn of(installed: &str, has_compiler: bool) -> Self {
        let has_library = installed.lines().any(|line| line.trim() == Self::Musl.triple());
        if has_library && has_compiler {
            Self::Musl
        } else {
            Self::Glibc
        }
    }

    pub(super) fn triple(self) -> &'static str {
        match self {
            Self::Musl => "x86_64-unknown-linux-musl",
            Self::Glibc => "x86_64-unknown-linux-gnu",
        }
    }

    /// What is missing for the better one.
    pub(super) fn remark(self) -> Option<&'static str> {
        match self {
            Self::Musl => None,
            Self::Glibc => Some(
                "for musl, `rustup target add x86_64-unknown-linux-musl` and Debian's musl-tools are missing; \
                 glibc is linked statically instead",
            ),
        }
    }

    /// The command, as it is run and printed.
    pub(super) fn command(self) -> Vec<String> {
        let words = [
            "build",
            "--release",
            "--locked",
            "--package",
            "kinglet",
            "--target",
            self.triple(),
        ];
        words.map(str::to_owned).to_vec()
    }

    /// Builds the binary and returns its path.
    pub(super) fn build(self, root: &Path) -> Result<PathBuf> {
        let directory =
            std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let status = Command::new(env!("CARGO"))
            .args(self.command())
            .current_dir(root)
            // With a target, this reaches only what is linked into the binary, not what runs in the build.
            .env("RUSTFLAGS", "-C target-feature=+crt-static")
            .status()
            .context("cannot run cargo build")?;
        ensure!(status.success(), "cargo build: {status}");
        Ok(directory.join(self.triple()).join("release/kinglet"))
    }
}

/// What a command prints.
pub(super) fn output(command: &mut Command) -> Result<String> {
    let output = command
        .output()
        .with_context(|| format!("cannot run {command:?}"))?;
    if !output.status.success() {
        bail!("{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices() {
        for (installed, has_compiler, expected) in [
            (
                "x86_64-unknown-linux-gnu\nx86_64-unknown-linux-musl\n",
                true,
                Target::Musl,
            ),
            (
                "x86_64-unknown-linux-gnu\nx86_64-unknown-linux-musl\n",
                false,
                Target::Glibc,
            ),
            ("x86_64-unknown-linux-gnu\n", true, Target::Glibc),
            ("", false, Target::Glibc),
        ] {
            assert_eq!(
                Target::of(installed, has_compiler),
                expected,
                "{installed} {has_compiler}"
            );
        }
    }
}
