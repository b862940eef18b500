//! What can go wrong with a lab.

use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::links::LinkError;
use crate::requirements::RequirementError;
use crate::settings::SettingsError;

/// A lab that cannot be started, or something in it that cannot be done.
#[derive(Debug, thiserror::Error)]
pub enum LabError {
    /// The settings.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// The machine.
    #[error(transparent)]
    Requirement(#[from] RequirementError),
    /// A lab of that name runs.
    #[error("lab {0} is up already; `kinglet lab down --name {0}` ends it")]
    Running(String),
    /// No lab of that name runs.
    #[error("no lab {0} is up; `kinglet lab up --name {0}` starts one")]
    NotRunning(String),
    /// A network.
    #[error(transparent)]
    Link(#[from] LinkError),
    /// A file or directory.
    #[error("{path}: {source}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The given kubeconfig.
    #[error("kubeconfig {path}: {reason}", path = path.display())]
    Kubeconfig {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The embedded API server cannot be opened.
    #[error("embedded API server: {0}")]
    Open(#[from] kinglet_apiserver::OpenError),
    /// The embedded API server cannot listen.
    #[error("embedded API server: {0}")]
    Bind(#[from] kinglet_apiserver::BindError),
    /// No client of the API server can be made.
    #[error(transparent)]
    Connect(#[from] kinglet_kube::ConnectError),
    /// The API server does not answer, or refuses.
    #[error("API server: {0}")]
    Api(String),
    /// The way to the API server from inside the lab.
    #[error("cannot listen on {address} inside the lab: {source}")]
    Relay {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// The server of a kubelet.
    #[error("{0}")]
    Kubelet(String),
    /// The machine refuses threads or the like.
    #[error("{0}")]
    System(#[from] io::Error),
    /// A node, pod or client that is not there.
    #[error("{0}")]
    NoSuchPlace(String),
    /// Something else that the running lab answered.
    #[error("{0}")]
    Refused(String),
}

impl LabError {
    pub(crate) fn file(path: &Path, source: io::Error) -> Self {
        Self::File {
            path: path.to_owned(),
            source,
        }
    }
}

impl From<kinglet_kube::RequestError> for LabError {
    fn from(error: kinglet_kube::RequestError) -> Self {
        Self::Api(error.to_string())
    }
}

impl From<crate::kubelet::ListenError> for LabError {
    fn from(error: crate::kubelet::ListenError) -> Self {
        Self::Kubelet(error.to_string())
    }
}
