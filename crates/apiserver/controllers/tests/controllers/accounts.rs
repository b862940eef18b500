//! The ServiceAccount `default`.

use serde_json::json;

use crate::cluster::Cluster;

#[tokio::test]
async fn every_namespace_has_the_default_account_again_and_again() {
    let cluster = Cluster::start("accounts").await;
    let path = cluster.core("serviceaccounts/default");
    let first = cluster
        .until(&path, |account| account["metadata"]["uid"].is_string())
        .await;
    cluster.delete(&path, json!({})).await;
    let uid = &first["metadata"]["uid"];
    cluster
        .until(&path, |account| {
            account["metadata"]["uid"].is_string() && account["metadata"]["uid"] != *uid
        })
        .await;
}
