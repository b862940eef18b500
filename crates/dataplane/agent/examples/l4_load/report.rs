//! What a load took.

use std::io;
use std::time::{Duration, Instant};

use nix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

/// The clocks at the beginning of a load.
pub(crate) struct Stopwatch {
    began: Instant,
    cpu: Duration,
}

impl Stopwatch {
    pub(crate) fn start() -> io::Result<Self> {
        Ok(Self {
            began: Instant::now(),
            cpu: cpu()?,
        })
    }

    /// `count` of something are done.
    pub(crate) fn stop(&self, count: u64) -> io::Result<Value> {
        let seconds = self.began.elapsed().as_secs_f64();
        let cpu = cpu()?.saturating_sub(self.cpu).as_secs_f64();
        Ok(json!({"count": count, "seconds": seconds, "cpu_seconds": cpu}))
    }
}

fn cpu() -> io::Result<Duration> {
    Ok(clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?.into())
}
