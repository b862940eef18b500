//! Places: a network namespace with the files that programs in it see, as a directory that other processes
//! find too.

use std::fs;
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::netns::Namespace;

/// What is known of a place beside its namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Description {
    /// `NAMESPACE/POD`, `node:NAME` or `client`.
    pub label: String,
    /// Node, where there is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Host name that programs see.
    pub hostname: String,
    /// Addresses, the primary family first.
    pub addresses: Vec<IpAddr>,
}

/// A node, a pod or the client. Its directory holds `netns`, `place.json`, `resolv.conf` and `hosts`.
#[derive(Clone, Debug)]
pub struct Place {
    /// The namespace.
    pub namespace: Namespace,
    /// What is known of it.
    pub description: Description,
    /// The directory.
    pub directory: PathBuf,
}

/// How programs in a place find names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Resolver {
    /// Addresses of name servers; without any, no name is found.
    pub(crate) servers: Vec<IpAddr>,
    /// Domains that are tried.
    pub(crate) search: Vec<String>,
    /// `options` of resolv.conf.
    pub(crate) options: Vec<String>,
    /// Names with addresses that the place itself knows.
    pub(crate) hosts: Vec<(IpAddr, Vec<String>)>,
}

impl Place {
    /// Writes a place's directory.
    pub(crate) fn create(
        directory: PathBuf,
        namespace: Namespace,
        description: Description,
        resolver: &Resolver,
    ) -> io::Result<Self> {
        fs::create_dir_all(&directory)?;
        fs::write(directory.join("resolv.conf"), resolver.resolv_conf())?;
        fs::write(directory.join("hosts"), resolver.hosts_file(&description))?;
        fs::write(directory.join("place.json"), serde_json::to_vec(&description)?)?;
        let link = directory.join("netns");
        match fs::remove_file(&link) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => std::os::unix::fs::symlink(namespace.path(), link)?,
        }
        Ok(Self {
            namespace,
            description,
            directory,
        })
    }

    /// The place of a directory.
    pub fn open(directory: &Path) -> io::Result<Self> {
        let directory = directory.canonicalize()?;
        let path = fs::read_link(directory.join("netns"))?;
        let name = path
            .file_name()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            namespace: Namespace::at(&path, &name)?,
            description: serde_json::from_slice(&fs::read(directory.join("place.json"))?)?,
            directory,
        })
    }
}

impl Resolver {
    fn resolv_conf(&self) -> String {
        let mut text = String::new();
        if !self.search.is_empty() {
            text += &format!("search {}\n", self.search.join(" "));
        }
        for server in &self.servers {
            text += &format!("nameserver {server}\n");
        }
        if self.servers.is_empty() {
            // Nobody listens there: a refusal at once instead of minutes of waiting for the host's servers.
            text += "nameserver 127.0.0.1\n";
        }
        if !self.options.is_empty() {
            text += &format!("options {}\n", self.options.join(" "));
        }
        text
    }

    fn hosts_file(&self, description: &Description) -> String {
        let mut text = "127.0.0.1 localhost\n::1 localhost ip6-localhost ip6-loopback\n".to_owned();
        for address in &description.addresses {
            text += &format!("{address} {}\n", description.hostname);
        }
        for (address, names) in &self.hosts {
            text += &format!("{address} {}\n", names.join(" "));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_say_what_programs_need() {
        let resolver = Resolver {
            servers: vec![IpAddr::from([10, 43, 0, 10])],
            search: vec![
                "shop.svc.cluster.local".to_owned(),
                "svc.cluster.local".to_owned(),
            ],
            options: vec!["ndots:5".to_owned()],
            hosts: vec![(IpAddr::from([10, 1, 1, 1]), vec!["db".to_owned()])],
        };
        assert_eq!(
            resolver.resolv_conf(),
            "search shop.svc.cluster.local svc.cluster.local\nnameserver 10.43.0.10\noptions ndots:5\n"
        );
        let description = Description {
            hostname: "web-1".to_owned(),
            addresses: vec![IpAddr::from([10, 42, 1, 2])],
            ..Description::default()
        };
        let hosts = resolver.hosts_file(&description);
        assert!(hosts.ends_with("10.42.1.2 web-1\n10.1.1.1 db\n"), "{hosts}");
        assert_eq!(Resolver::default().resolv_conf(), "nameserver 127.0.0.1\n");
    }
}
