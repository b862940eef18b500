//! Kubeconfig files: where the server is, and the same file for clients who reach it elsewhere.

use crate::error::LabError;
use std::net::{SocketAddr, ToSocketAddrs};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use http::Uri;
use serde_json::Value;

/// A kubeconfig file whose current server has been found.
pub(super) struct Kubeconfig {
    text: Value,
    server: SocketAddr,
    host: String,
}

impl Kubeconfig {
    /// Reads a file and finds its server.
    pub(super) fn read(path: &Path) -> Result<Self, LabError> {
        let wrong = |reason: String| LabError::Kubeconfig {
            path: path.to_owned(),
            reason,
        };
        let text = std::fs::read_to_string(path).map_err(|source| LabError::file(path, source))?;
        let mut text: Value = serde_saphyr::from_str(&text).map_err(|error| wrong(error.to_string()))?;
        let server = server(&text).ok_or_else(|| wrong("no cluster in it has a server".to_owned()))?;
        let uri: Uri = server
            .parse()
            .map_err(|_| wrong(format!("server {server:?} is not a URL")))?;
        let host = uri.host().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        let port = uri.port_u16().unwrap_or(443);
        let address = (host.as_str(), port)
            .to_socket_addrs()
            .map_err(|error| wrong(format!("server {server}: {error}")))?
            .next()
            .ok_or_else(|| wrong(format!("server {server} has no address")))?;
        absolute_paths(&mut text, path.parent().unwrap_or(Path::new("/")));
        Ok(Self {
            text,
            server: address,
            host,
        })
    }

    /// Where the server is, from here.
    pub(super) fn server(&self) -> SocketAddr {
        self.server
    }

    /// Writes the file for clients who reach the server at another address. Certificates are still checked
    /// for the first one.
    pub(super) fn write_for(&self, entrance: SocketAddr, path: &Path) -> Result<(), LabError> {
        let mut text = self.text.clone();
        for entry in text["clusters"].as_array_mut().into_iter().flatten() {
            let cluster = &mut entry["cluster"];
            cluster["server"] = format!("https://{entrance}").into();
            if cluster["tls-server-name"].is_null() {
                cluster["tls-server-name"] = self.host.as_str().into();
            }
        }
        let failed = |source| LabError::file(path, source);
        let file = std::fs::File::options()
            .write(true)
            .create(true)
            .truncate(true)
            // Keys and tokens may stand in it.
            .mode(0o600)
            .open(path)
            .map_err(failed)?;
        serde_json::to_writer_pretty(file, &text).map_err(|error| failed(error.into()))
    }
}

/// The server of the current context, else of the first cluster.
fn server(text: &Value) -> Option<String> {
    let named = |list: &Value, name: &Value| {
        let entries = list.as_array()?;
        entries.iter().find(|entry| entry["name"] == *name).cloned()
    };
    let context = named(&text["contexts"], &text["current-context"]);
    let cluster = context
        .and_then(|context| named(&text["clusters"], &context["context"]["cluster"]))
        .or_else(|| text["clusters"].get(0).cloned())?;
    Some(cluster["cluster"]["server"].as_str()?.to_owned())
}

/// Paths in the file are relative to it; the copy is elsewhere.
fn absolute_paths(text: &mut Value, directory: &Path) {
    let fields = [
        ("clusters", "cluster", "certificate-authority"),
        ("users", "user", "client-certificate"),
        ("users", "user", "client-key"),
        ("users", "user", "tokenFile"),
    ];
    for (list, kind, field) in fields {
        for entry in text[list].as_array_mut().into_iter().flatten() {
            if let Some(path) = entry[kind][field].as_str() {
                let path = directory.join(path);
                entry[kind][field] = path.to_string_lossy().into_owned().into();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_copy_leads_to_the_entrance_and_trusts_the_same_name() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("config");
        let text = "
clusters:
- name: other
  cluster: {server: 'https://10.9.9.9:6443'}
- name: lab
  cluster: {server: 'https://127.0.0.1:16443', certificate-authority: ca.crt}
contexts:
- name: lab
  context: {cluster: lab, user: admin}
current-context: lab
users:
- name: admin
  user: {token: secret}
";
        std::fs::write(&path, text).unwrap();
        let kubeconfig = Kubeconfig::read(&path).unwrap();
        assert_eq!(kubeconfig.server(), SocketAddr::from(([127, 0, 0, 1], 16443)));
        let copy = directory.path().join("copy");
        kubeconfig
            .write_for(SocketAddr::from(([198, 18, 0, 1], 6443)), &copy)
            .unwrap();
        let copied: Value = serde_json::from_slice(&std::fs::read(copy).unwrap()).unwrap();
        let cluster = &copied["clusters"][1]["cluster"];
        assert_eq!(cluster["server"], "https://198.18.0.1:6443");
        assert_eq!(cluster["tls-server-name"], "127.0.0.1");
        assert_eq!(
            cluster["certificate-authority"],
            *directory.path().join("ca.crt").to_string_lossy()
        );
        assert_eq!(copied["users"][0]["user"]["token"], "secret");
    }
}
