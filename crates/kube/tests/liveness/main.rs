//! A watch over TCP goes on although its connection died without a word.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod relay;

use std::time::Duration;

use kinglet_apiserver::{ApiServer, ApiServerSettings};
use kinglet_kube::{Change, Client, Collection, Inputs, Liveness, Reflectors, Resource, connect_with};
use kinglet_model::Namespace;
use serde_json::json;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

use self::relay::Relay;

/// Short times, so that the test is.
const FAST: Liveness = Liveness {
    idle: Duration::from_millis(300),
    answer: Duration::from_millis(300),
    connect: Duration::from_secs(2),
};
const PATIENCE: Duration = Duration::from_secs(30);

/// A server on TLS, a relay in front of it, and a client that comes through the relay.
async fn behind_a_relay() -> (Client, Relay, CancellationToken, tempfile::TempDir) {
    // Another test of this process may have done it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let directory = tempfile::tempdir().unwrap();
    let api = ApiServer::open(ApiServerSettings {
        data_dir: Some(directory.path().to_owned()),
        ..ApiServerSettings::default()
    })
    .unwrap();
    let listening = api.bind().unwrap();
    let server = listening.local_addr();
    let stop = CancellationToken::new();
    tokio::spawn(listening.serve(stop.clone()));
    let relay = Relay::start(server).await;
    let kubeconfig = directory.path().join("kubeconfig.yaml");
    api.write_kubeconfig(&kubeconfig).unwrap();
    let text = std::fs::read_to_string(&kubeconfig).unwrap();
    let through = text.replace(&server.to_string(), &relay.address.to_string());
    assert_ne!(text, through, "the kubeconfig names the server's address");
    std::fs::write(&kubeconfig, through).unwrap();
    let client = connect_with(Some(&kubeconfig), FAST).await.unwrap();
    (client, relay, stop, directory)
}

async fn create(client: &Client, name: &str) {
    let namespaces = Collection::new(client.clone(), Resource::of::<Namespace>());
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}});
    namespaces.create("", &namespace).await.unwrap();
}

/// Waits until the namespace has been seen.
async fn see(inputs: &mut Inputs<Change<Namespace>>, name: &str) {
    let seen = async {
        while inputs
            .next()
            .await
            .iter()
            .all(|change| *change.name().name != *name)
        {}
    };
    assert!(timeout(PATIENCE, seen).await.is_ok(), "{name} was not seen");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_silent_death_of_the_connection_is_noticed() {
    let (client, relay, stop, _directory) = behind_a_relay().await;
    let reflectors = Reflectors::new(client.clone(), stop.clone());
    let mut inputs = Inputs::new();
    inputs.watch(&reflectors.of::<Namespace>(), |change| change);
    create(&client, "before").await;
    see(&mut inputs, "before").await;

    // Whatever is open says nothing any more, and is not closed; new connections work.
    relay.swallow();
    let writer = client.clone();
    let create = async {
        // The client's own connection is one of the dead: its first request may fail.
        let written = async {
            let namespaces = Collection::new(writer, Resource::of::<Namespace>());
            let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "after"}});
            while namespaces
                .create("", &object)
                .await
                .is_err_and(|error| !error.is_conflict())
            {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        };
        assert!(
            timeout(PATIENCE, written).await.is_ok(),
            "no request gets through"
        );
    };
    tokio::join!(create, see(&mut inputs, "after"));
    stop.cancel();
}
