//! An API that lists what it was given and sends on what it is told.

use std::collections::HashMap;
use std::convert::Infallible;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures::stream;
use http::Response;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use kinglet_dataplane::agent::Sources;
use kinglet_kube::{Client, Reflector};
use kinglet_model::Object;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

type Answer = Response<UnsyncBoxBody<Bytes, Infallible>>;

/// The API.
#[derive(Clone, Default)]
pub(crate) struct Api {
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    revision: u64,
    /// By the last part of their paths.
    lists: HashMap<String, Vec<Value>>,
    watches: HashMap<String, mpsc::UnboundedSender<Bytes>>,
}

impl Api {
    /// Puts an object into the list of its kind, before anybody asks.
    pub(crate) fn put<K: Object>(&self, mut object: Value) {
        let mut state = self.state.lock().unwrap();
        state.number(&mut object);
        state.lists.entry(K::PLURAL.into()).or_default().push(object);
    }

    /// Sends a change to those that watch the kind.
    pub(crate) fn send<K: Object>(&self, change: &str, mut object: Value) {
        let mut state = self.state.lock().unwrap();
        state.number(&mut object);
        let line = format!("{}\n", json!({"type": change, "object": object}));
        let watch = state.watches.get(K::PLURAL).expect("somebody watches");
        watch.send(line.into()).expect("somebody watches");
    }

    /// What an agent follows, until `stop`.
    pub(crate) fn sources(&self, stop: &CancellationToken) -> Sources {
        let client = self.client();
        Sources {
            services: Reflector::spawn(client.clone(), stop.clone()),
            slices: Reflector::spawn(client.clone(), stop.clone()),
            nodes: Reflector::spawn(client, stop.clone()),
            shares: None,
            health: None,
            metrics: kinglet_dataplane::agent::Metrics::default(),
        }
    }

    fn client(&self) -> Client {
        let api = self.clone();
        kinglet_kube::in_process(move |request| {
            let uri = request.uri();
            let kind = uri.path().rsplit('/').next().unwrap_or_default().to_owned();
            let watch = uri.query().is_some_and(|query| query.contains("watch=true"));
            let answer = if watch { api.watch(kind) } else { api.list(&kind) };
            async move { answer }
        })
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

    /// Whether somebody watches all that an agent follows.
    pub(crate) fn is_watched(&self) -> bool {
        self.state.lock().unwrap().watches.len() == 3
    }
}

impl State {
    fn number(&mut self, object: &mut Value) {
        self.revision += 1;
        object["metadata"]["resourceVersion"] = self.revision.to_string().into();
    }
}
