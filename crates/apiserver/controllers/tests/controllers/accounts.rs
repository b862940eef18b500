//! What every namespace has: the ServiceAccount `default`, and the certificate of the API server's authority.

use serde_json::json;

use crate::cluster::{AUTHORITY, Cluster};

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

#[tokio::test]
async fn every_namespace_has_the_certificate_again_and_again() {
    let cluster = Cluster::start("root-ca").await;
    let path = cluster.core("configmaps/kube-root-ca.crt");
    let is_right = |object: &serde_json::Value| object["data"]["ca.crt"] == AUTHORITY;
    cluster.until(&path, is_right).await;
    cluster.patch(&path, json!({"data": {"ca.crt": "forged"}})).await;
    cluster.until(&path, is_right).await;
    cluster.delete(&path, json!({})).await;
    cluster.until(&path, is_right).await;
}
