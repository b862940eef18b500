//! A service of Kinglet as a process on a node, kept running as a service manager would.

use std::fs::File;
use std::io;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use kinglet_lab::Place;
pub(super) use kinglet_lab::Starter;
use tokio::process::Child;
use tokio_util::sync::CancellationToken;
use tracing::{error, warn};

/// Pause before a process that ended is started again.
const PAUSE: Duration = Duration::from_millis(500);

/// A process that shall run.
pub(super) struct Process {
    pub(super) starter: Arc<Starter>,
    pub(super) place: Place,
    /// `server` or `agent`: what its log and the file with its number are called.
    pub(super) name: &'static str,
    pub(super) arguments: Vec<String>,
}

impl Process {
    /// Runs it until `stop` is cancelled, which ends it at once.
    pub(super) async fn run(self, stop: CancellationToken) {
        loop {
            match self.start().await {
                Ok(mut child) => {
                    let Some(status) = stop.run_until_cancelled(child.wait()).await else {
                        return;
                    };
                    warn!(
                        name = self.name,
                        place = self.place.description.label,
                        ?status,
                        "ended; starting it again"
                    );
                }
                Err(error) => {
                    error!(name = self.name, place = self.place.description.label, %error, "cannot be started");
                }
            }
            if stop
                .run_until_cancelled(tokio::time::sleep(PAUSE))
                .await
                .is_none()
            {
                return;
            }
        }
    }

    async fn start(&self) -> io::Result<Child> {
        let file = |kind: &str| self.place.directory.join(format!("{}.{kind}", self.name));
        let log = File::options().create(true).append(true).open(file("log"))?;
        let mut command = Command::new(std::env::current_exe()?);
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        let child = self.starter.start(command, &self.place).await?;
        let number = child.id().map(|id| id.to_string());
        std::fs::write(file("pid"), number.unwrap_or_default())?;
        Ok(child)
    }
}
