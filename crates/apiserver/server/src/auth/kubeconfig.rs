//! The administrator's kubeconfig.

use std::io;
use std::net::SocketAddr;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::authority::Authority;
use super::files::write_private;

impl Authority {
    /// Writes a kubeconfig with the CA and the administrator's certificate embedded; only its owner can read
    /// it.
    pub(crate) fn write_kubeconfig(&self, path: &Path, server: SocketAddr) -> io::Result<()> {
        write_private(path, self.kubeconfig(server).as_bytes())
    }

    fn kubeconfig(&self, server: SocketAddr) -> String {
        let encode = |text: &str| STANDARD.encode(text);
        format!(
            "apiVersion: v1\n\
             kind: Config\n\
             clusters:\n\
             - name: kinglet\n  \
               cluster:\n    \
                 server: https://{server}\n    \
                 certificate-authority-data: {ca}\n\
             users:\n\
             - name: kinglet-admin\n  \
               user:\n    \
                 client-certificate-data: {certificate}\n    \
                 client-key-data: {key}\n\
             contexts:\n\
             - name: kinglet\n  \
               context:\n    \
                 cluster: kinglet\n    \
                 user: kinglet-admin\n\
             current-context: kinglet\n",
            ca = encode(&self.ca.certificate),
            certificate = encode(&self.admin.certificate),
            key = encode(&self.admin.key),
        )
    }
}
