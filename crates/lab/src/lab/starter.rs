//! Starts programs in places of a lab.

use crate::place::Place;
use crate::spawner::Spawner;

/// Starts programs in places of a lab.
#[derive(Clone, Debug)]
pub struct Starter {
    pub(super) spawner: Spawner,
}

impl Starter {
    /// Starts a program. It is killed when its handle is dropped.
    pub async fn start(
        &self,
        command: std::process::Command,
        place: &Place,
    ) -> std::io::Result<tokio::process::Child> {
        self.spawner.spawn(command, place).await
    }
}
