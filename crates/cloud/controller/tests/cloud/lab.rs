//! Nodes of a lab: network namespaces whose kubelets register them.

use kinglet_cloud::{CloudController, CloudSettings};
use kinglet_kube::Reflectors;
use kinglet_lab::{Builder, Family, Lab};
use kinglet_test_support::patience;
use kinglet_test_support::skip::is_root;
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use crate::cluster::{addresses, is_tainted};

/// Whether the test can run. Without root it fails, unless skipping is allowed.
fn is_possible() -> bool {
    // Fails only when a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    is_root()
}

async fn node(lab: &Lab, name: &str) -> Result<Value, String> {
    let path = format!("/api/v1/nodes/{name}");
    let request = http::Request::get(&path).body(Vec::new()).unwrap();
    let text = lab.client().request_text(request).await;
    let text = text.map_err(|error| format!("{path}: {error}"))?;
    Ok(serde_json::from_str(&text).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn nodes_of_a_lab_become_members() {
    if !is_possible() {
        return;
    }
    let lab = Builder::new()
        .nodes(2)
        .families(&[Family::V4, Family::V6])
        .with(|settings| {
            settings.uninitialized = true;
            settings.external_addresses = true;
        })
        .start()
        .await
        .unwrap();
    let stop = CancellationToken::new();
    let cloud = CloudController::new(CloudSettings::new("lab"));
    let task = tokio::spawn(cloud.run(Reflectors::new(lab.client().clone(), stop.clone()), stop.clone()));
    for number in [1, 2] {
        let name = format!("node-{number}");
        let node = lab
            .until(patience(), async |lab: &Lab| {
                let node = node(lab, &name).await?;
                if is_tainted(&node) {
                    Err(format!("{node:#}"))
                } else {
                    Ok(node)
                }
            })
            .await
            .unwrap();
        assert_eq!(
            addresses(&node),
            [
                format!("InternalIP 198.18.0.1{number}"),
                format!("InternalIP fd00:30::{:x}", 10 + number),
                format!("ExternalIP 198.51.100.1{number}"),
                format!("ExternalIP 2001:db8::{:x}", 10 + number),
                format!("Hostname {name}"),
            ]
        );
        assert_eq!(node["spec"]["providerID"], format!("k3s://{name}"));
    }
    stop.cancel();
    task.await.unwrap();
    lab.end().await;
}
