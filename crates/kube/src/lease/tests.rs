//! Several candidates on a made-up API server with one Lease, on a clock that tests turn.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use http::{Method, Request, Response};
use http_body_util::Full;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::*;
use crate::Recorder;

/// A server that knows one Lease and optimistic concurrency, and on whose way requests and answers get late
/// or lost.
#[derive(Clone, Default)]
struct Server {
    lease: Arc<Mutex<Option<Value>>>,
}

/// What the network does to a candidate's requests: the time of day decides, so that a run can be repeated.
type Weather = fn(seed: u64, seconds: u64) -> Trouble;

#[derive(Clone, Copy)]
enum Trouble {
    /// Both ways take this long.
    Late(u64),
    /// The request never arrives.
    Lost,
    /// The request arrives, the answer does not.
    Unanswered,
}

fn fine(_: u64, _: u64) -> Trouble {
    Trouble::Late(5)
}

/// A number that looks like chance.
fn chance(seed: u64, seconds: u64) -> u64 {
    let mut mixed = seed ^ seconds.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb) >> 33
}

/// Minutes of good and of bad weather; in the bad ones some requests get lost, some answers, and some take
/// longer than a Lease lives.
fn stormy(seed: u64, seconds: u64) -> Trouble {
    if !chance(seed, seconds / 40).is_multiple_of(3) {
        return Trouble::Late(chance(seed, seconds) % 300);
    }
    match chance(seed, seconds) % 10 {
        0..5 => Trouble::Lost,
        5..8 => Trouble::Unanswered,
        _ => Trouble::Late(4_000 + chance(seed, seconds + 1) % 12_000),
    }
}

impl Server {
    fn client(&self, seed: u64, weather: Weather) -> Client {
        let (server, started) = (self.clone(), Instant::now());
        crate::in_process(move |request: Request<Body>| {
            let (server, trouble) = (server.clone(), weather(seed, started.elapsed().as_secs()));
            // What is on its way arrives, whether or not somebody waits for the answer.
            let handled = tokio::spawn(async move { server.handle(request, trouble).await });
            async move { handled.await.unwrap() }
        })
    }

    async fn handle(&self, request: Request<Body>, trouble: Trouble) -> Response<Full<bytes::Bytes>> {
        let (parts, body) = request.into_parts();
        let body = body.collect_bytes().await.unwrap();
        let body = serde_json::from_slice(&body).unwrap_or_default();
        let way = match trouble {
            Trouble::Lost => return std::future::pending().await,
            Trouble::Late(milliseconds) => Duration::from_millis(milliseconds),
            Trouble::Unanswered => Duration::from_millis(1),
        };
        sleep(way).await;
        let answer = self.answer(&parts.method, body);
        if matches!(trouble, Trouble::Unanswered) {
            return std::future::pending().await;
        }
        sleep(way).await;
        answer
    }

    fn answer(&self, method: &Method, mut object: Value) -> Response<Full<bytes::Bytes>> {
        let mut lease = self.lease.lock().unwrap();
        let version = |lease: &Value| lease["metadata"]["resourceVersion"].clone();
        match (method, lease.as_ref()) {
            // Events are none of its business.
            _ if object["kind"] == "Event" => return answer(201, &object),
            (&Method::GET, Some(lease)) => return answer(200, lease),
            (&Method::POST, None) => object["metadata"]["resourceVersion"] = "1".into(),
            (&Method::PUT, Some(old)) if version(old) == version(&object) => {
                let next: u64 = version(old).as_str().unwrap().parse().unwrap();
                object["metadata"]["resourceVersion"] = (next + 1).to_string().into();
            }
            (&Method::GET | &Method::PUT, None) => return failure(404, "NotFound"),
            _ => return failure(409, "Conflict"),
        }
        answer(200, lease.insert(object))
    }

    fn spec(&self) -> Value {
        self.lease.lock().unwrap().as_ref().unwrap()["spec"].clone()
    }
}

fn answer(code: u16, body: &Value) -> Response<Full<bytes::Bytes>> {
    let body = Full::new(bytes::Bytes::from(body.to_string()));
    Response::builder().status(code).body(body).unwrap()
}

fn failure(code: u16, reason: &str) -> Response<Full<bytes::Bytes>> {
    answer(
        code,
        &json!({"kind": "Status", "code": code, "reason": reason, "message": reason}),
    )
}

/// Who works, and how often somebody began to.
#[derive(Clone, Default)]
struct Workers {
    working: Arc<AtomicUsize>,
    terms: Arc<AtomicUsize>,
}

struct AtWork(Arc<AtomicUsize>);

impl Drop for AtWork {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Workers {
    /// Works until it is cancelled; never beside another.
    async fn work(self) {
        self.terms.fetch_add(1, Ordering::SeqCst);
        let others = self.working.fetch_add(1, Ordering::SeqCst);
        let _at_work = AtWork(self.working.clone());
        assert_eq!(others, 0, "two lead at once");
        std::future::pending::<()>().await;
    }

    fn terms(&self) -> usize {
        self.terms.load(Ordering::SeqCst)
    }

    async fn until_terms(&self, terms: usize) {
        let reached = async {
            while self.terms() < terms {
                sleep(Duration::from_millis(10)).await;
            }
        };
        timeout(Duration::from_secs(60), reached)
            .await
            .expect("somebody leads");
    }
}

struct Process {
    stop: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn lease() -> ObjectName {
    ObjectName::new("kube-system", "leader")
}

fn candidate(client: Client, host: &str, workers: &Workers) -> Process {
    stand(client, Election::new(lease(), host), workers)
}

fn stand(client: Client, election: Election, workers: &Workers) -> Process {
    let (stop, workers) = (CancellationToken::new(), workers.clone());
    let token = stop.clone();
    let task = tokio::spawn(async move {
        let recorder = Recorder::spawn(client.clone(), "test", "host".to_owned(), token.clone());
        lead(client, election, &recorder, &token, |_| workers.clone().work()).await;
    });
    Process { stop, task }
}

#[test]
fn an_identity_is_told_from_others_of_its_host() {
    let election = || Election::new(ObjectName::new("a", "b"), "host");
    let (one, other) = (election().identity().to_owned(), election().identity().to_owned());
    assert!(
        one.starts_with("host_") && one.len() == "host_".len() + 36,
        "{one}"
    );
    assert_ne!(one, other);
}

#[tokio::test(start_paused = true)]
async fn the_first_leads_and_keeps_the_lease() {
    let (server, workers) = (Server::default(), Workers::default());
    let _first = candidate(server.client(1, fine), "a", &workers);
    workers.until_terms(1).await;
    let _second = candidate(server.client(2, fine), "b", &workers);
    sleep(Duration::from_secs(600)).await;
    assert_eq!(workers.terms(), 1);
    let spec = server.spec();
    assert_eq!(spec["leaseDurationSeconds"], 15);
    assert_eq!(spec["leaseTransitions"], 0);
    let renewed = spec["renewTime"].as_str().unwrap();
    assert_eq!(renewed.len(), "2026-01-01T00:00:00.000000Z".len(), "{renewed}");
}

#[tokio::test(start_paused = true)]
async fn a_dead_holder_is_waited_for_and_replaced() {
    let (server, workers) = (Server::default(), Workers::default());
    let first = candidate(server.client(1, fine), "a", &workers);
    workers.until_terms(1).await;
    let _second = candidate(server.client(2, fine), "b", &workers);
    sleep(Duration::from_secs(60)).await;
    first.task.abort();
    let died = Instant::now();
    workers.until_terms(2).await;
    let gap = died.elapsed();
    assert!(
        gap > Duration::from_secs(11) && gap < Duration::from_secs(21),
        "{gap:?}"
    );
    assert_eq!(server.spec()["leaseTransitions"], 1);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_was_killed_and_starts_again_leads_at_once() {
    let (server, workers) = (Server::default(), Workers::default());
    let directory = tempfile::tempdir().unwrap();
    let election = || Election::lasting(lease(), "a", directory.path());
    let first = stand(server.client(1, fine), election(), &workers);
    workers.until_terms(1).await;
    // While the first lives, others on its machine are others.
    let _second = stand(server.client(2, fine), election(), &workers);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(workers.terms(), 1);
    let holder = server.spec()["holderIdentity"].clone();
    first.task.abort();
    assert!(first.task.await.is_err());
    let died = Instant::now();
    let _third = stand(server.client(3, fine), election(), &workers);
    workers.until_terms(2).await;
    assert!(died.elapsed() < Duration::from_secs(1), "{:?}", died.elapsed());
    assert_eq!(server.spec()["holderIdentity"], holder);
    assert_eq!(server.spec()["leaseTransitions"], 0);
    sleep(Duration::from_secs(60)).await;
    assert_eq!(workers.terms(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_ends_is_replaced_at_once() {
    let (server, workers) = (Server::default(), Workers::default());
    let first = candidate(server.client(1, fine), "a", &workers);
    workers.until_terms(1).await;
    let _second = candidate(server.client(2, fine), "b", &workers);
    sleep(Duration::from_secs(60)).await;
    first.stop.cancel();
    first.task.await.unwrap();
    assert_eq!(server.spec()["holderIdentity"], "");
    let ended = Instant::now();
    workers.until_terms(2).await;
    assert!(ended.elapsed() < Duration::from_secs(5), "{:?}", ended.elapsed());
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_is_cut_off_stops_before_another_starts_and_stands_again() {
    fn cut(_: u64, seconds: u64) -> Trouble {
        if (60..120).contains(&seconds) {
            Trouble::Lost
        } else {
            Trouble::Late(5)
        }
    }
    let (server, workers) = (Server::default(), Workers::default());
    let first = candidate(server.client(1, cut), "a", &workers);
    workers.until_terms(1).await;
    let second = candidate(server.client(2, fine), "b", &workers);
    sleep(Duration::from_secs(100)).await;
    assert_eq!(workers.terms(), 2);
    second.stop.cancel();
    workers.until_terms(3).await;
    assert!(!first.task.is_finished());
}

/// An hour of bad weather for each of several candidates, many times. The workers check that they are alone.
#[tokio::test(start_paused = true)]
async fn no_two_lead_at_once_in_any_weather() {
    let mut terms = 0;
    for seed in 0..8 {
        let (server, workers) = (Server::default(), Workers::default());
        let processes: Vec<Process> = (0..3)
            .map(|number| {
                let client = server.client(seed * 10 + number, stormy);
                candidate(client, "host", &workers)
            })
            .collect();
        sleep(Duration::from_secs(3600)).await;
        for process in processes {
            assert!(!process.task.is_finished(), "a candidate ended");
            process.task.abort();
        }
        terms += workers.terms();
    }
    assert!(terms > 40, "the weather was too good: {terms} terms");
}
