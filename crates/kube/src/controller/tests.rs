//! A reconciler whose attempts fail as scripted.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, sleep, timeout};

use super::*;

/// Changes and the end of the first list, as the test sends them.
struct Scripted {
    changes: UnboundedReceiver<Option<&'static str>>,
    synced: bool,
}

impl Source for Scripted {
    type Change = &'static str;

    async fn next(&mut self) -> Vec<&'static str> {
        match self.changes.recv().await {
            Some(Some(key)) => vec![key],
            Some(None) => {
                self.synced = true;
                Vec::new()
            }
            None => std::future::pending().await,
        }
    }

    fn is_synced(&self) -> bool {
        self.synced
    }
}

#[derive(Clone)]
struct Error {
    stale: bool,
}

impl std::fmt::Display for Error {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("refused")
    }
}

impl Failure for Error {
    fn is_stale(&self) -> bool {
        self.stale
    }
}

/// What happened: key, milliseconds since the start.
type Log = Arc<Mutex<Vec<(&'static str, u128)>>>;

struct Rule {
    start: Instant,
    log: Log,
    settled: Log,
    /// Results of attempts, in turn; afterwards all succeed.
    results: Mutex<HashMap<&'static str, Vec<Result<Next, Error>>>>,
    lasts: Duration,
}

impl Reconciler for Rule {
    type Change = &'static str;
    type Key = &'static str;
    type Plan = u32;
    type Error = Error;

    const CONCURRENT: usize = 2;
    const FAILED: &'static str = "cannot do it";

    fn observe(&mut self, change: &'static str) -> Vec<&'static str> {
        vec![change]
    }

    fn plan(&mut self, due: Vec<&'static str>) -> Vec<(&'static str, u32)> {
        due.into_iter()
            .filter(|key| *key != "idle")
            .map(|key| (key, 0))
            .collect()
    }

    async fn apply(&self, key: &&'static str, plan: &mut u32) -> Result<Next, Error> {
        self.log
            .lock()
            .unwrap()
            .push((key, self.start.elapsed().as_millis()));
        sleep(self.lasts).await;
        *plan += 1;
        let mut results = self.results.lock().unwrap();
        let scripted = results.get_mut(key).filter(|list| !list.is_empty());
        scripted.map_or(Ok(Next::Done), |list| list.remove(0))
    }

    fn settle(&mut self, key: &&'static str, plan: u32, _: &Result<Next, Error>) {
        assert_eq!(plan, 1, "the attempt's note arrives");
        self.settled
            .lock()
            .unwrap()
            .push((key, self.start.elapsed().as_millis()));
    }

    fn longest_pause(&self) -> Duration {
        Duration::from_millis(150)
    }
}

struct World {
    changes: UnboundedSender<Option<&'static str>>,
    log: Log,
    synced: Log,
}

/// Runs a controller beside the test; `lasts` is the time of an attempt.
fn start(lasts: Duration, results: &[(&'static str, Vec<Result<Next, Error>>)]) -> World {
    let (sender, changes) = unbounded_channel();
    let (log, synced) = (Log::default(), Log::default());
    let start = Instant::now();
    let rule = Rule {
        start,
        log: log.clone(),
        settled: Log::default(),
        results: Mutex::new(results.iter().cloned().collect()),
        lasts,
    };
    let source = Scripted {
        changes,
        synced: false,
    };
    let told = synced.clone();
    tokio::spawn(control(rule, source, move || {
        told.lock().unwrap().push(("synced", start.elapsed().as_millis()));
    }));
    World {
        changes: sender,
        log,
        synced,
    }
}

/// Attempts by rounded time: tokio's paused clock counts in milliseconds and may be one ahead.
async fn attempts(world: &World, lasting: Duration) -> Vec<(&'static str, u128)> {
    let _ = timeout(lasting, std::future::pending::<()>()).await;
    let log = world.log.lock().unwrap();
    let mut log: Vec<_> = log.iter().map(|(key, at)| (*key, at / 10 * 10)).collect();
    log.sort_by_key(|(key, at)| (*at, *key));
    log
}

#[tokio::test(start_paused = true)]
async fn nothing_is_written_before_everything_is_known() {
    let world = start(Duration::ZERO, &[]);
    world.changes.send(Some("a")).unwrap();
    assert_eq!(attempts(&world, Duration::from_secs(9)).await, []);
    assert!(world.synced.lock().unwrap().is_empty());
    world.changes.send(None).unwrap();
    assert_eq!(attempts(&world, Duration::from_secs(1)).await, [("a", 9000)]);
    assert_eq!(world.synced.lock().unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn failures_are_retried_with_growing_pauses_up_to_the_longest() {
    let failures = vec![
        Err(Error { stale: false }),
        Err(Error { stale: true }),
        Err(Error { stale: false }),
    ];
    let world = start(Duration::ZERO, &[("a", failures)]);
    world.changes.send(None).unwrap();
    world.changes.send(Some("a")).unwrap();
    let expected = [("a", 0), ("a", 100), ("a", 250), ("a", 400)];
    assert_eq!(attempts(&world, Duration::from_secs(60)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_due_again_comes_again_and_what_waits_is_retried() {
    let results = [
        ("again", vec![Ok(Next::After(Duration::from_secs(5)))]),
        ("waits", vec![Ok(Next::Retry(Duration::from_secs(1))); 2]),
    ];
    let world = start(Duration::ZERO, &results);
    world.changes.send(None).unwrap();
    for key in ["again", "waits", "idle"] {
        world.changes.send(Some(key)).unwrap();
    }
    let expected = [
        ("again", 0),
        ("waits", 0),
        ("waits", 100),
        ("waits", 300),
        ("again", 5000),
    ];
    assert_eq!(attempts(&world, Duration::from_secs(60)).await, expected);
}

#[tokio::test(start_paused = true)]
async fn only_so_many_attempts_run_at_a_time() {
    let world = start(Duration::from_secs(1), &[]);
    for key in ["a", "b", "c"] {
        world.changes.send(Some(key)).unwrap();
    }
    world.changes.send(None).unwrap();
    let seen = attempts(&world, Duration::from_secs(60)).await;
    let times: Vec<u128> = seen.iter().map(|(_, at)| *at).collect();
    assert_eq!(times, [0, 0, 1000]);
}
