//! TLS, client certificates, the kubeconfig.

use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;

use bytes::Bytes;
use http::Request;
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio_util::sync::CancellationToken;

use super::harness::Api;

/// Asks over TLS, with or without the administrator's certificate.
async fn ask(
    directory: &std::path::Path,
    address: std::net::SocketAddr,
    path: &str,
    certificate: bool,
) -> (u16, Value) {
    let file = |name: &str| directory.join("tls").join(name);
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(file("ca.crt")).unwrap())
        .unwrap();
    let builder = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = if certificate {
        let chain = vec![CertificateDer::from_pem_file(file("admin.crt")).unwrap()];
        builder
            .with_client_auth_cert(chain, PrivateKeyDer::from_pem_file(file("admin.key")).unwrap())
            .unwrap()
    } else {
        builder.with_no_client_auth()
    };
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("kubernetes.default.svc").unwrap();
    let stream = tokio_rustls::TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await
        .unwrap();
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
        .await
        .unwrap();
    let task = tokio::spawn(connection);
    let request = Request::get(path)
        .header("host", "kubernetes")
        .body(Full::new(Bytes::new()))
        .unwrap();
    let response = sender.send_request(request).await.unwrap();
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.unwrap().to_bytes();
    task.abort();
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

#[tokio::test]
async fn certificates_authenticate_and_outlive_a_restart() {
    let directory = tempfile::tempdir().unwrap();
    let mut authority = None;
    for _ in 0..2 {
        let api = Api::open(directory.path());
        let listening = api.0.bind().unwrap();
        let address = listening.local_addr();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(listening.serve(stop.clone()));
        let (status, list) = ask(directory.path(), address, "/api/v1/namespaces", true).await;
        assert_eq!((status, list["kind"].as_str()), (200, Some("NamespaceList")));
        assert_eq!(
            ask(directory.path(), address, "/api/v1/namespaces", false)
                .await
                .0,
            401
        );
        assert_eq!(ask(directory.path(), address, "/version", false).await.0, 200);

        let kubeconfig = directory.path().join("kubeconfig.yaml");
        api.0.write_kubeconfig(&kubeconfig).unwrap();
        let text = std::fs::read_to_string(&kubeconfig).unwrap();
        assert!(text.contains(&format!("server: https://{address}\n")), "{text}");
        for private in ["kubeconfig.yaml", "state.redb", "tls/ca.key", "tls/token"] {
            let mode = std::fs::metadata(directory.path().join(private))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(mode & 0o777, 0o600, "{private}");
        }
        let now = std::fs::read(directory.path().join("tls/ca.crt")).unwrap();
        assert_eq!(*authority.get_or_insert_with(|| now.clone()), now);
        stop.cancel();
        serving.await.unwrap().unwrap();
        api.0.close().await;
    }
}

/// Connects with a certificate of another authority.
async fn connect(
    directory: &std::path::Path,
    address: std::net::SocketAddr,
) -> tokio_rustls::client::TlsStream<tokio::net::TcpStream> {
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec!["stranger".to_owned()]).unwrap();
    let certificate = certificate.self_signed(&key).unwrap();
    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from_pem_file(directory.join("tls/ca.crt")).unwrap())
        .unwrap();
    let mut config = ClientConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(
            vec![certificate.der().clone()],
            PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
        )
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("kubernetes.default.svc").unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    connector.connect(name, stream).await.unwrap()
}

#[tokio::test]
async fn tokens_count_beside_foreign_certificates_and_large_bodies_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let api = Api::open(directory.path());
    let listening = api.0.bind().unwrap();
    let address = listening.local_addr();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(listening.serve(stop.clone()));
    let stream = connect(directory.path(), address).await;
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(hyper_util::rt::TokioExecutor::new(), TokioIo::new(stream))
            .await
            .unwrap();
    let task = tokio::spawn(connection);
    let token = format!("Bearer {}", api.0.token());
    let path = "https://kubernetes/api/v1/namespaces/default/configmaps";
    for (authorization, body, status) in [
        ("Bearer wrong", 0, 401),
        (token.as_str(), 0, 200),
        (token.as_str(), 20 << 20, 413),
        // The connection is good for more.
        (token.as_str(), 0, 200),
    ] {
        let method = if body == 0 { "GET" } else { "POST" };
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", authorization)
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(vec![b' '; body])))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), status);
        response.into_body().collect().await.unwrap();
    }
    task.abort();
    stop.cancel();
    serving.await.unwrap().unwrap();
    api.0.close().await;
}
