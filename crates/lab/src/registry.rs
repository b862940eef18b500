//! Labs that run on this machine, as other processes find them: a directory each, locked while the lab's
//! process lives.

use std::fs::{self, File};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::error::LabError;
use crate::netns::Namespace;
use crate::network::namespace_prefix;
use crate::place::Place;
use crate::processes;

/// What a running lab tells of itself.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Description {
    /// Name.
    pub name: String,
    /// The lab's process.
    pub pid: u32,
    /// For clients on the host.
    pub kubeconfig: PathBuf,
    /// For clients on nodes and in pods.
    pub inside_kubeconfig: PathBuf,
    /// Whether the API server goes with the lab.
    pub embedded: bool,
    /// Addresses of the outside client.
    pub client: Vec<IpAddr>,
    /// The nodes.
    pub nodes: Vec<NodeDescription>,
}

/// A node of a running lab.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct NodeDescription {
    /// Name.
    pub name: String,
    /// InternalIPs.
    pub addresses: Vec<IpAddr>,
    /// ExternalIPs.
    pub external_addresses: Vec<IpAddr>,
    /// Ranges of its pods.
    pub pod_cidrs: Vec<IpNet>,
}

/// The directory of one lab.
#[derive(Clone, Debug)]
pub struct Entry {
    name: String,
    directory: PathBuf,
}

impl Entry {
    /// The entry of a lab, whether it runs or not.
    pub fn of(root: &Path, name: &str) -> Self {
        Self {
            name: name.to_owned(),
            directory: root.join(name),
        }
    }

    /// All entries, of running labs and of what was left by others.
    pub fn all(root: &Path) -> Vec<Self> {
        let entries = fs::read_dir(root).into_iter().flatten().flatten();
        let mut all: Vec<Self> = entries
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .map(|name| Self::of(root, &name))
            .collect();
        all.sort_by(|one, other| one.name.cmp(&other.name));
        all
    }

    /// The lab's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The directory.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Where commands for the running lab go.
    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.join("control.sock")
    }

    /// Whether the lab's process lives.
    pub fn is_running(&self) -> bool {
        let Ok(file) = File::open(self.lock_file()) else {
            return false;
        };
        Flock::lock(file, FlockArg::LockExclusiveNonblock).is_err()
    }

    fn lock_file(&self) -> PathBuf {
        self.directory.join("lock")
    }

    /// What the running lab tells of itself.
    pub fn description(&self) -> Result<Description, LabError> {
        let path = self.directory.join("lab.json");
        if !self.is_running() || !path.exists() {
            return Err(LabError::NotRunning(self.name.clone()));
        }
        let text = fs::read(&path).map_err(|source| LabError::file(&path, source))?;
        serde_json::from_slice(&text).map_err(|error| LabError::file(&path, error.into()))
    }

    /// Tells of a lab, at once or not at all.
    pub(crate) fn describe(&self, description: &Description) -> Result<(), LabError> {
        let path = self.directory.join("lab.json");
        let written = serde_json::to_vec_pretty(description)
            .map_err(io::Error::from)
            .and_then(|text| fs::write(path.with_extension("new"), text))
            // A reader sees the whole text or none.
            .and_then(|()| fs::rename(path.with_extension("new"), &path));
        written.map_err(|source| LabError::file(&path, source))
    }

    /// Takes the entry for this process.
    pub(crate) fn lock(&self) -> Result<Flock<File>, LabError> {
        let path = self.lock_file();
        let failed = |source| LabError::file(&path, source);
        fs::create_dir_all(&self.directory).map_err(failed)?;
        let file = File::create(&path).map_err(failed)?;
        Flock::lock(file, FlockArg::LockExclusiveNonblock).map_err(|_| LabError::Running(self.name.clone()))
    }

    /// The names of all places of the lab, as [`Self::place`] takes them.
    pub fn places(&self) -> Vec<String> {
        let names = |directory: &Path| -> Vec<String> {
            let entries = fs::read_dir(directory).into_iter().flatten().flatten();
            entries
                .filter_map(|entry| entry.file_name().into_string().ok())
                .collect()
        };
        let by_name = self.directory.join("by-name");
        let mut places = Vec::new();
        for namespace in names(&by_name) {
            let pods = names(&by_name.join(&namespace));
            places.extend(pods.into_iter().map(|pod| format!("{namespace}/{pod}")));
        }
        let nodes = names(&self.directory.join("nodes"));
        places.extend(nodes.into_iter().map(|node| format!("node:{node}")));
        places.push("client".to_owned());
        places.sort();
        places
    }

    /// The place that `NAMESPACE/POD`, `node:NAME` or `client` means.
    pub fn place(&self, text: &str) -> Result<Place, LabError> {
        let missing = |what: String| LabError::NoSuchPlace(what);
        let path = if text == "client" {
            self.directory.join("client")
        } else if let Some(node) = text.strip_prefix("node:") {
            self.directory.join("nodes").join(node)
        } else if let Some((namespace, pod)) = text.split_once('/') {
            self.directory.join("by-name").join(namespace).join(pod)
        } else {
            return Err(missing(format!(
                "{text:?} is no place: NAMESPACE/POD, node:NAME and client are"
            )));
        };
        Place::open(&path).map_err(|_| missing(format!("{text} is not there, or does not run")))
    }

    /// Ends all processes in the lab's namespaces and removes namespaces and directory. What is not there is
    /// fine.
    pub(crate) fn remove(&self) -> Result<(), LabError> {
        let names = Namespace::names(&namespace_prefix(&self.name))?;
        let open: Vec<Namespace> = names
            .iter()
            .filter_map(|name| Namespace::open(name).ok())
            .collect();
        processes::end(&open);
        // An open file would keep a namespace, and with it the ends of links on other nodes.
        drop(open);
        // Everything that can go goes; the first obstacle is told.
        let removed: Vec<io::Result<()>> = names.iter().map(|name| Namespace::remove(name)).collect();
        let directory = match fs::remove_dir_all(&self.directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(LabError::file(&self.directory, error))
            }
            _ => Ok(()),
        };
        removed.into_iter().collect::<io::Result<()>>()?;
        directory
    }
}
