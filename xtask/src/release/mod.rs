//! `cargo xtask release`: everything that a release has, in `target/release-artifacts`.

mod checksums;
mod elf;
mod image;
mod notes;
mod tar;
mod target;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use self::image::Image;
use self::target::{Target, output};
use crate::workspace::Workspace;

/// How to make a release.
#[derive(clap::Args)]
pub(crate) struct Options {
    /// Prints the steps and does nothing.
    #[arg(long)]
    dry_run: bool,
    /// Builds although files differ from the last commit.
    #[arg(long)]
    allow_dirty: bool,
}

const ARCHITECTURE: &str = "amd64";
/// Where clusters look for the image.
const REPOSITORY: &str = "ghcr.io/kinglet-io/kinglet";
/// Files beside the binary in the image.
const LICENCES: &[&str] = &["LICENSE", "NOTICE"];

/// A release that can be made.
struct Release {
    root: PathBuf,
    folder: PathBuf,
    version: String,
    target: Target,
    notes: String,
}

/// Makes a release, or says how.
pub(crate) fn run(options: &Options) -> Result<()> {
    let release = Release::plan()?;
    if options.dry_run {
        for (number, step) in release.steps(options.allow_dirty).iter().enumerate() {
            anstream::println!("{}. {step}", number + 1);
        }
        return Ok(());
    }
    if !options.allow_dirty {
        refuse_changes(&release.root)?;
    }
    release.make()
}

impl Release {
    fn plan() -> Result<Self> {
        let workspace = Workspace::load()?;
        let binary = workspace.own().find(|package| package.name == "kinglet");
        let version = binary.context("the package kinglet is missing")?.version.clone();
        let changelog = fs::read_to_string(workspace.root.join("CHANGELOG.md")).context("CHANGELOG.md")?;
        let notes = notes::notes(&changelog, &version);
        Ok(Self {
            folder: workspace.root.join("target/release-artifacts"),
            target: Target::choose(),
            notes: notes.with_context(|| format!("CHANGELOG.md says nothing of {version}"))?,
            root: workspace.root,
            version,
        })
    }

    /// Name of an artifact.
    fn name(&self, ending: &str) -> String {
        format!("kinglet-{}-linux-{ARCHITECTURE}{ending}", self.version)
    }

    fn steps(&self, allow_dirty: bool) -> Vec<String> {
        let mut steps = Vec::new();
        if !allow_dirty {
            steps.push("refuse a checkout that differs from its last commit".to_owned());
        }
        let command = self.target.command().join(" ");
        steps.push(format!(
            "RUSTFLAGS='-C target-feature=+crt-static' cargo {command}"
        ));
        steps.extend(self.target.remark().map(|remark| format!("(note: {remark})")));
        let folder = self.folder.display();
        steps.extend([
            "refuse a binary that needs a dynamic linker".to_owned(),
            format!("write {folder}/{}: the binary", self.name("")),
            format!("write {folder}/{}: an image of one layer", self.name(".oci.tar")),
            format!(
                "write {folder}/NOTES.md: what CHANGELOG.md says of {}",
                self.version
            ),
            format!("write {folder}/SHA256SUMS"),
        ]);
        steps
    }

    fn make(&self) -> Result<()> {
        if let Some(remark) = self.target.remark() {
            anstream::eprintln!("note: {remark}");
        }
        let built = self.target.build(&self.root)?;
        let binary = read(&built)?;
        ensure!(elf::is_static(&binary), "{} is not static", built.display());
        let files = [
            (self.name(".oci.tar"), self.image(&binary)?),
            (self.name(""), binary),
            ("NOTES.md".to_owned(), self.notes.clone().into_bytes()),
        ];
        let sums = ("SHA256SUMS".to_owned(), checksums::sums(&files).into_bytes());
        fs::create_dir_all(&self.folder).with_context(|| self.folder.display().to_string())?;
        for (name, bytes) in files.iter().chain([&sums]) {
            let path = self.folder.join(name);
            fs::write(&path, bytes).with_context(|| path.display().to_string())?;
            anstream::println!("{}", path.display());
        }
        make_executable(&self.folder.join(self.name("")))
    }

    fn image(&self, binary: &[u8]) -> Result<Vec<u8>> {
        let git = |format: &str| {
            let arguments = ["log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ", format];
            let mut git = Command::new("git");
            output(git.args(arguments).env("TZ", "UTC").current_dir(&self.root))
        };
        let licences = LICENCES
            .iter()
            .map(|name| Ok((*name, read(&self.root.join(name))?)));
        let image = Image {
            name: &format!("{REPOSITORY}:{}", self.version),
            version: &self.version,
            architecture: ARCHITECTURE,
            created: &git("--format=%cd")?,
            revision: &git("--format=%H")?,
            binary,
            licences: &licences.collect::<Result<Vec<_>>>()?,
        };
        image.archive()
    }
}

fn refuse_changes(root: &Path) -> Result<()> {
    let changes = output(
        Command::new("git")
            .args(["status", "--porcelain"])
            .current_dir(root),
    )?;
    ensure!(
        changes.is_empty(),
        "the checkout differs from its last commit (--allow-dirty builds it all the same):\n{changes}"
    );
    Ok(())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| path.display().to_string())
}

fn make_executable(path: &Path) -> Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let permissions = fs::Permissions::from_mode(0o755);
    fs::set_permissions(path, permissions).with_context(|| path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_plan() {
        let release = Release {
            root: PathBuf::from("/r"),
            folder: PathBuf::from("/r/out"),
            version: "1.2.3".to_owned(),
            target: Target::Glibc,
            notes: String::new(),
        };
        let steps = release.steps(false);
        assert!(steps[0].contains("last commit"));
        assert!(
            steps
                .iter()
                .any(|step| step.contains("/r/out/kinglet-1.2.3-linux-amd64.oci.tar"))
        );
        assert_eq!(release.steps(true).len(), steps.len() - 1);
    }
}
