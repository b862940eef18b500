//! The workspace as `cargo metadata` sees it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Packages and how they depend on each other.
pub(crate) struct Workspace {
    /// Folder of the repository.
    pub(crate) root: PathBuf,
    /// All packages by id.
    pub(crate) packages: BTreeMap<String, Package>,
    /// Ids of our own packages.
    pub(crate) members: BTreeSet<String>,
}

/// One package.
#[derive(Debug)]
pub(crate) struct Package {
    /// Name.
    pub(crate) name: String,
    pub(crate) version: String,
    /// Folder from the root of the repository; of our own packages only.
    pub(crate) folder: String,
    /// SPDX expression.
    pub(crate) licence: Option<String>,
    /// Registry or repository; none for our own.
    pub(crate) source: Option<String>,
    /// Ids of packages that this one needs to run (not to build or test).
    pub(crate) dependencies: Vec<String>,
}

impl Workspace {
    /// Asks cargo.
    pub(crate) fn load() -> Result<Self> {
        let output = Command::new(env!("CARGO"))
            .args([
                "metadata",
                "--format-version=1",
                "--locked",
                "--filter-platform=x86_64-unknown-linux-gnu",
            ])
            .output()
            .context("cannot run cargo metadata")?;
        if !output.status.success() {
            bail!("cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
        }
        let metadata: Value = serde_json::from_slice(&output.stdout)?;
        let root = text(&metadata["workspace_root"]);
        let mut packages: BTreeMap<String, Package> = list(&metadata["packages"])
            .map(|package| (text(&package["id"]), read(package, &root)))
            .collect();
        for node in list(&metadata["resolve"]["nodes"]) {
            if let Some(package) = packages.get_mut(&text(&node["id"])) {
                package.dependencies = list(&node["deps"])
                    .filter(|edge| is_normal(edge))
                    .map(|edge| text(&edge["pkg"]))
                    .collect();
            }
        }
        Ok(Self {
            root: PathBuf::from(root),
            members: list(&metadata["workspace_members"]).map(text).collect(),
            packages,
        })
    }

    /// Our own packages.
    pub(crate) fn own(&self) -> impl Iterator<Item = &Package> {
        self.members.iter().filter_map(|id| self.packages.get(id))
    }

    /// Names of everything that a package needs, directly or not.
    pub(crate) fn closure<'a>(&'a self, package: &'a Package) -> BTreeSet<&'a str> {
        let mut seen = BTreeSet::new();
        let mut waiting: Vec<&Package> = vec![package];
        while let Some(package) = waiting.pop() {
            for dependency in package.dependencies.iter().filter_map(|id| self.packages.get(id)) {
                if seen.insert(dependency.name.as_str()) {
                    waiting.push(dependency);
                }
            }
        }
        seen
    }

    /// Names of what a package names itself.
    pub(crate) fn direct<'a>(&'a self, package: &'a Package) -> BTreeSet<&'a str> {
        package
            .dependencies
            .iter()
            .filter_map(|id| self.packages.get(id))
            .map(|one| one.name.as_str())
            .collect()
    }
}

fn read(package: &Value, root: &str) -> Package {
    let optional = |key: &str| package[key].as_str().map(str::to_owned);
    let manifest = text(&package["manifest_path"]);
    let folder = manifest
        .strip_prefix(root)
        .and_then(|path| path.strip_suffix("/Cargo.toml"));
    Package {
        folder: folder.unwrap_or_default().trim_start_matches('/').to_owned(),
        name: text(&package["name"]),
        version: text(&package["version"]),
        licence: optional("license"),
        source: optional("source"),
        dependencies: Vec::new(),
    }
}

/// Normal dependencies have an edge without a kind.
fn is_normal(edge: &Value) -> bool {
    list(&edge["dep_kinds"]).any(|kind| kind["kind"].is_null())
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
