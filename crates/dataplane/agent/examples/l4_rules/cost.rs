//! What something takes.

use std::io;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// What something took.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    wall: Duration,
    cpu: Duration,
}

/// Does something, and measures it.
pub(crate) fn measured<T, E>(work: impl FnOnce() -> Result<T, E>) -> Result<(T, Cost), E>
where
    E: From<io::Error>,
{
    let (began, before) = (Instant::now(), cpu()?);
    let done = work()?;
    let cost = Cost {
        wall: began.elapsed(),
        cpu: cpu()?.saturating_sub(before),
    };
    Ok((done, cost))
}

/// CPU time of this process.
fn cpu() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}

impl Cost {
    pub(crate) fn json(self) -> Value {
        json!({"wall": ms(self.wall), "cpu": ms(self.cpu)})
    }
}

/// The costs of the same thing, again and again.
pub(crate) fn list(costs: impl Iterator<Item = Cost>) -> Value {
    let (wall, cpu): (Vec<f64>, Vec<f64>) = costs.map(|cost| (ms(cost.wall), ms(cost.cpu))).unzip();
    json!({"wall": wall, "cpu": cpu})
}

fn ms(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
