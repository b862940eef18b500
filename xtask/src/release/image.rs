//! A container image of one layer, as an archive of an OCI image layout (OCI image specification 1.1).
//!
//! `ctr images import`, `docker load`, `podman load` and K3s' directory of images take it. The same files
//! give the same bytes, so that everybody can check what a release contains.

use std::io::Write as _;

use anyhow::Result;
use flate2::{Compression, GzBuilder};
use serde_json::{Value, json};

use super::checksums::sha256;
use super::tar::Archive;

/// What an image is made of.
pub(super) struct Image<'a> {
    /// Repository and tag.
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    /// As Go calls it: `amd64`, `arm64`.
    pub(super) architecture: &'a str,
    /// Time of the commit (RFC 3339): that of the build would differ each time.
    pub(super) created: &'a str,
    pub(super) revision: &'a str,
    pub(super) binary: &'a [u8],
    /// Licences, by file name.
    pub(super) licences: &'a [(&'a str, Vec<u8>)],
}

/// Where the binary is.
const BINARY: &str = "usr/local/bin/kinglet";
const LICENCES: &str = "usr/share/doc/kinglet";
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar+gzip";

/// Something in the layout that others point to by its digest.
struct Blob {
    kind: &'static str,
    digest: String,
    bytes: Vec<u8>,
}

impl Blob {
    fn new(kind: &'static str, bytes: Vec<u8>) -> Self {
        let digest = sha256(&bytes);
        Self { kind, digest, bytes }
    }

    fn descriptor(&self) -> Value {
        json!({
            "mediaType": self.kind,
            "digest": format!("sha256:{}", self.digest),
            "size": self.bytes.len(),
        })
    }
}

impl Image<'_> {
    /// The archive.
    pub(super) fn archive(&self) -> Result<Vec<u8>> {
        let layer = self.layer()?;
        // A gzip header without name and time is the same in each build.
        let mut gzip = GzBuilder::new().write(Vec::new(), Compression::best());
        gzip.write_all(&layer)?;
        let config = Blob::new(CONFIG, serde_json::to_vec(&self.config(&layer))?);
        let layer = Blob::new(LAYER, gzip.finish()?);
        let manifest = Blob::new(MANIFEST, serde_json::to_vec(&self.manifest(&config, &layer))?);
        let mut archive = Archive::default();
        archive.folder("blobs")?;
        archive.folder("blobs/sha256")?;
        for blob in [&config, &layer, &manifest] {
            archive.file(&format!("blobs/sha256/{}", blob.digest), 0o644, &blob.bytes)?;
        }
        archive.file("index.json", 0o644, &serde_json::to_vec(&self.index(&manifest))?)?;
        let version = serde_json::to_vec(&json!({ "imageLayoutVersion": "1.0.0" }))?;
        archive.file("oci-layout", 0o644, &version)?;
        Ok(archive.finish())
    }

    fn layer(&self) -> Result<Vec<u8>> {
        let mut archive = Archive::default();
        for folder in ["usr", "usr/local", "usr/local/bin"] {
            archive.folder(folder)?;
        }
        archive.file(BINARY, 0o755, self.binary)?;
        for folder in ["usr/share", "usr/share/doc", LICENCES] {
            archive.folder(folder)?;
        }
        for (name, text) in self.licences {
            archive.file(&format!("{LICENCES}/{name}"), 0o644, text)?;
        }
        Ok(archive.finish())
    }

    fn config(&self, layer: &[u8]) -> Value {
        json!({
            "created": self.created,
            "architecture": self.architecture,
            "os": "linux",
            "config": {
                "Entrypoint": [format!("/{BINARY}")],
                "Env": ["PATH=/usr/local/bin"],
                "Labels": self.labels(),
            },
            // Of the layer before it was compressed: this is what a runtime unpacks.
            "rootfs": { "type": "layers", "diff_ids": [format!("sha256:{}", sha256(layer))] },
            "history": [{ "created": self.created, "created_by": "cargo xtask release" }],
        })
    }

    fn manifest(&self, config: &Blob, layer: &Blob) -> Value {
        json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": config.descriptor(),
            "layers": [layer.descriptor()],
            "annotations": self.labels(),
        })
    }

    fn index(&self, manifest: &Blob) -> Value {
        let mut descriptor = manifest.descriptor();
        descriptor["platform"] = json!({ "architecture": self.architecture, "os": "linux" });
        descriptor["annotations"] = json!({
            "org.opencontainers.image.ref.name": self.version,
            // containerd, and so K3s, names the image after this.
            "io.containerd.image.name": self.name,
        });
        json!({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.index.v1+json",
            "manifests": [descriptor],
        })
    }

    fn labels(&self) -> Value {
        json!({
            "org.opencontainers.image.title": "kinglet",
            "org.opencontainers.image.version": self.version,
            "org.opencontainers.image.revision": self.revision,
            "org.opencontainers.image.licenses": "Apache-2.0",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::io::Read as _;

    use flate2::read::GzDecoder;

    use super::super::tar::tests::entries;
    use super::*;

    fn archive() -> Vec<u8> {
        let image = Image {
            name: "example.org/kinglet:1.2.3",
            version: "1.2.3",
            architecture: "amd64",
            created: "2026-01-02T03:04:05Z",
            revision: "abc",
            binary: b"binary",
            licences: &[("LICENSE", b"licence".to_vec())],
        };
        image.archive().unwrap()
    }

    /// Follows a descriptor as a reader of the specification does: size and digest have to be right.
    fn follow<'f>(files: &'f BTreeMap<String, Vec<u8>>, descriptor: &Value, kind: &str) -> &'f [u8] {
        let digest = descriptor["digest"]
            .as_str()
            .unwrap()
            .strip_prefix("sha256:")
            .unwrap();
        let bytes = &files[&format!("blobs/sha256/{digest}")];
        assert_eq!(descriptor["mediaType"], kind);
        assert_eq!(descriptor["size"], bytes.len());
        assert_eq!(sha256(bytes), digest);
        bytes
    }

    #[test]
    fn readers_find_the_layer() {
        let entries_of_layout = entries(&archive());
        let files = entries_of_layout
            .into_iter()
            .map(|(path, _, _, content)| (path, content));
        let files: BTreeMap<String, Vec<u8>> = files.collect();
        let read = |bytes: &[u8]| serde_json::from_slice::<Value>(bytes).unwrap();
        assert_eq!(read(&files["oci-layout"])["imageLayoutVersion"], "1.0.0");
        let index = read(&files["index.json"]);
        assert_eq!(index["schemaVersion"], 2);
        let manifest = read(follow(&files, &index["manifests"][0], MANIFEST));
        assert_eq!(manifest["schemaVersion"], 2);
        let config = read(follow(&files, &manifest["config"], CONFIG));
        assert_eq!(
            (&config["os"], &config["architecture"]),
            (&json!("linux"), &json!("amd64"))
        );
        let mut layer = Vec::new();
        let packed = follow(&files, &manifest["layers"][0], LAYER);
        GzDecoder::new(packed).read_to_end(&mut layer).unwrap();
        assert_eq!(
            config["rootfs"]["diff_ids"],
            json!([format!("sha256:{}", sha256(&layer))])
        );
        let binary = entries(&layer)
            .into_iter()
            .find(|(path, ..)| path == BINARY)
            .unwrap();
        assert_eq!((binary.2, binary.3), (0o755, b"binary".to_vec()));
        assert_eq!(config["config"]["Entrypoint"], json!(["/usr/local/bin/kinglet"]));
    }

    #[test]
    fn the_same_files_give_the_same_bytes() {
        assert_eq!(archive(), archive());
    }
}
