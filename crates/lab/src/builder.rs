//! The lab as a library for tests: a builder, and what tests do with a lab.

use std::path::PathBuf;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::addressing::Family;
use crate::error::LabError;
use crate::lab::Lab;
use crate::probe::{Outcome, ProbeError, Target, probe};
use crate::settings::{LabSettings, PodNetwork};
use crate::{netns, sys};

/// Labs of one process are told apart by a number.
static NEXT: AtomicU32 = AtomicU32::new(1);

/// How often a condition is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Settings of a lab for one test; its name is its own, so that tests run side by side.
#[derive(Clone, Debug)]
pub struct Builder {
    settings: LabSettings,
}

impl Default for Builder {
    fn default() -> Self {
        Self::new()
    }
}

impl Builder {
    /// Three IPv4 nodes with bridged pods on an embedded API server.
    pub fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let settings = LabSettings {
            name: format!("test-{}-{number}", std::process::id()),
            ..LabSettings::default()
        };
        Self { settings }
    }

    /// Sets the number of nodes.
    #[must_use]
    pub fn nodes(mut self, nodes: u16) -> Self {
        self.settings.nodes = nodes;
        self
    }

    /// Sets the IP families, the primary one first, with their default ranges.
    #[must_use]
    pub fn families(mut self, families: &[Family]) -> Self {
        self.settings.set_families(families.to_vec());
        self
    }

    /// Sets how pods are connected.
    #[must_use]
    pub fn pod_network(mut self, network: PodNetwork) -> Self {
        self.settings.pod_network = network;
        self
    }

    /// Joins a cluster instead of starting an API server.
    #[must_use]
    pub fn kubeconfig(mut self, path: impl Into<PathBuf>) -> Self {
        self.settings.kubeconfig = Some(path.into());
        self
    }

    /// Sets anything else.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut LabSettings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// Starts it.
    pub async fn start(self) -> Result<Lab, LabError> {
        let progress = |step: &str| tracing::debug!(step, "starting the lab");
        Lab::start(self.settings, Arc::new(progress)).await
    }
}

impl Lab {
    /// Makes a probe from a place.
    pub async fn probe(&self, from: &str, target: &Target) -> Result<Outcome, LabError> {
        let (place, target) = (self.place(from)?, target.clone());
        let made = tokio::task::spawn_blocking(move || probe(&place, &target)).await;
        let made = made.map_err(|error| LabError::Refused(error.to_string()))?;
        made.map_err(|error: ProbeError| LabError::Refused(error.to_string()))
    }

    /// Applies an object.
    pub async fn apply(&self, object: &Value) -> Result<(), LabError> {
        let applied = kinglet_kube::apply::apply(self.client(), object, "kinglet-lab-test").await;
        applied.map_err(|error| LabError::Api(error.to_string()))
    }

    /// Runs a program in a place to its end.
    pub async fn run(&self, place: &str, program: &str, arguments: &[&str]) -> Result<Output, LabError> {
        let place = self.place(place)?;
        let mut command = Command::new(program);
        command.args(arguments).stdin(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || {
            netns::in_thread(|| {
                sys::run_inside(&mut command, &place)?;
                command.output()
            })?
        });
        let ended = ended
            .await
            .map_err(|error| LabError::Refused(error.to_string()))?;
        Ok(ended?)
    }

    /// Waits until a condition holds, and returns what it found.
    ///
    /// # Errors
    /// The last reason why it did not hold, when the time is over.
    pub async fn until<T, R, F>(&self, limit: Duration, mut condition: F) -> Result<T, R>
    where
        F: AsyncFnMut(&Lab) -> Result<T, R>,
    {
        let deadline = Instant::now() + limit;
        loop {
            match condition(self).await {
                Ok(found) => return Ok(found),
                Err(reason) if Instant::now() > deadline => return Err(reason),
                Err(_) => tokio::time::sleep(LOOK).await,
            }
        }
    }
}
