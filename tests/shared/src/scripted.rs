//! An API that lists what it was given, sends on what it is told, and keeps what is written: for tests of
//! what follows one.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::stream;
use http::{Method, Response};
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kinglet_kube::Client;
use kinglet_model::Object;
use serde_json::{Value, json};
use tokio::sync::mpsc;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// The API.
#[derive(Clone, Debug, Default)]
pub struct ScriptedApi {
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    revision: u64,
    /// By the last part of their paths.
    lists: HashMap<String, Vec<Value>>,
    watches: HashMap<String, mpsc::UnboundedSender<Bytes>>,
    written: Vec<Value>,
}

impl ScriptedApi {
    /// Puts an object into the list of its kind, before anybody asks.
    ///
    /// # Panics
    /// A test has panicked while it held the lock.
    pub fn put<K: Object>(&self, mut object: Value) {
        let mut state = self.state.lock().unwrap();
        state.number(&mut object);
        state.lists.entry(K::PLURAL.into()).or_default().push(object);
    }

    /// Sends a change to those that watch the kind; `false` as long as nobody does.
    ///
    /// # Panics
    /// A test has panicked while it held the lock.
    pub fn send<K: Object>(&self, change: &str, mut object: Value) -> bool {
        let mut state = self.state.lock().unwrap();
        state.number(&mut object);
        let line = format!("{}\n", json!({"type": change, "object": object}));
        let watch = state.watches.get(K::PLURAL);
        watch.is_some_and(|watch| watch.send(line.into()).is_ok())
    }

    /// A client of it.
    pub fn client(&self) -> Client {
        let api = self.clone();
        kinglet_kube::in_process(move |request| {
            let api = api.clone();
            async move {
                let (head, body) = request.into_parts();
                let kind = head.uri.path().rsplit('/').next().unwrap_or_default().to_owned();
                if head.method == Method::POST {
                    let body = body.collect().await.unwrap().to_bytes();
                    return api.write(body);
                }
                let watch = head.uri.query().is_some_and(|query| query.contains("watch=true"));
                if watch { api.watch(kind) } else { api.list(&kind) }
            }
        })
    }

    /// What has been written.
    ///
    /// # Panics
    /// A test has panicked while it held the lock.
    pub fn written(&self) -> Vec<Value> {
        self.state.lock().unwrap().written.clone()
    }

    /// How many kinds are watched.
    ///
    /// # Panics
    /// A test has panicked while it held the lock.
    pub fn watched(&self) -> usize {
        self.state.lock().unwrap().watches.len()
    }

    fn write(&self, body: Bytes) -> Answer {
        let object = serde_json::from_slice(&body).unwrap();
        self.state.lock().unwrap().written.push(object);
        Response::new(Full::new(body).boxed_unsync())
    }

    fn list(&self, kind: &str) -> Answer {
        let state = self.state.lock().unwrap();
        let version = state.revision.to_string();
        let list = json!({"metadata": {"resourceVersion": version}, "items": state.lists.get(kind)});
        Response::new(Full::new(Bytes::from(list.to_string())).boxed_unsync())
    }

    fn watch(&self, kind: String) -> Answer {
        let (sender, receiver) = mpsc::unbounded_channel();
        self.state.lock().unwrap().watches.insert(kind, sender);
        let lines = stream::unfold(receiver, async |mut receiver: mpsc::UnboundedReceiver<Bytes>| {
            let line = receiver.recv().await?;
            Some((Ok(Frame::data(line)), receiver))
        });
        Response::new(StreamBody::new(lines).boxed_unsync())
    }
}

impl State {
    fn number(&mut self, object: &mut Value) {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
    }
}
