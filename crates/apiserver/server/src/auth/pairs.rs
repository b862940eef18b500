//! Certificates with their keys, in files.

use std::fs;
use std::path::{Path, PathBuf};

use rcgen::{KeyPair, PublicKeyData};

use super::certificate::is_for_key;
use super::error::AuthorityError;
use super::files::{read_optional, write_private};

/// Ending of the names under which a pair is written first.
const STAGED: &str = ".next";

/// A certificate and its key in PEM.
#[derive(Clone)]
pub(crate) struct Pair {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

/// The files with certificates, keys and the token; without a directory all are made anew at each start.
pub(super) struct KeyFiles<'a>(pub(super) Option<&'a Path>);

impl KeyFiles<'_> {
    /// The path of a file, for messages.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.unwrap_or(Path::new("")).join(name)
    }

    /// A file, if it is there.
    pub(super) fn read(&self, name: &str) -> Result<Option<String>, AuthorityError> {
        let Some(directory) = self.0 else { return Ok(None) };
        let path = directory.join(name);
        read_optional(&path).map_err(|source| AuthorityError::File { path, source })
    }

    /// Writes a file that only its owner can read.
    pub(super) fn write(&self, name: &str, content: &str) -> Result<(), AuthorityError> {
        let Some(directory) = self.0 else { return Ok(()) };
        let path = directory.join(name);
        write_private(&path, content.as_bytes()).map_err(|source| AuthorityError::File { path, source })
    }

    /// A pair, if both files are there. One whose writing was interrupted is completed first.
    pub(super) fn read_pair(&self, name: &str) -> Result<Option<Pair>, AuthorityError> {
        let pair = self.read_files(name, "")?;
        if pair.as_ref().is_some_and(Pair::matches) {
            return Ok(pair);
        }
        match self.read_files(name, STAGED)? {
            Some(staged) if staged.matches() => {
                self.write_pair(name, &staged)?;
                Ok(Some(staged))
            }
            _ => Ok(pair),
        }
    }

    fn read_files(&self, name: &str, ending: &str) -> Result<Option<Pair>, AuthorityError> {
        let certificate = self.read(&format!("{name}.crt{ending}"))?;
        let key = self.read(&format!("{name}.key{ending}"))?;
        Ok(certificate
            .zip(key)
            .map(|(certificate, key)| Pair { certificate, key }))
    }

    /// Writes a pair so that a crash at any moment leaves the old one or the new one: first beside, whole,
    /// then in place; the copies go last.
    pub(super) fn write_pair(&self, name: &str, pair: &Pair) -> Result<(), AuthorityError> {
        for ending in [STAGED, ""] {
            self.write(&format!("{name}.key{ending}"), &pair.key)?;
            self.write(&format!("{name}.crt{ending}"), &pair.certificate)?;
        }
        self.remove(&format!("{name}.crt{STAGED}"))?;
        self.remove(&format!("{name}.key{STAGED}"))
    }

    fn remove(&self, name: &str) -> Result<(), AuthorityError> {
        let Some(directory) = self.0 else { return Ok(()) };
        let path = directory.join(name);
        fs::remove_file(&path).map_err(|source| AuthorityError::File { path, source })
    }
}

impl Pair {
    /// Whether the key is the certificate's.
    pub(super) fn matches(&self) -> bool {
        KeyPair::from_pem(&self.key)
            .is_ok_and(|key| is_for_key(&self.certificate, &key.subject_public_key_info()))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn pair(name: &str) -> Pair {
        let key = KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap();
        Pair {
            certificate: params.self_signed(&key).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }

    /// A crash after each of the four writes: the pair that is read is a whole one.
    #[test]
    fn an_interrupted_write_leaves_a_whole_pair() {
        let (old, new) = (pair("old"), pair("new"));
        for writes in 0..4 {
            let directory = tempfile::tempdir().unwrap();
            let files = KeyFiles(Some(directory.path()));
            files.write_pair("a", &old).unwrap();
            let steps = [
                ("a.key.next", &new.key),
                ("a.crt.next", &new.certificate),
                ("a.key", &new.key),
                ("a.crt", &new.certificate),
            ];
            for (name, content) in &steps[..=writes] {
                files.write(name, content).unwrap();
            }
            let read = files.read_pair("a").unwrap().unwrap();
            assert!(read.matches(), "after {writes}");
            let expected = if writes < 2 { &old } else { &new };
            assert_eq!(read.key, expected.key, "after {writes}");
        }
    }
}
