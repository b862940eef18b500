//! WebSocket and other changes of protocol.

use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

const UPGRADE: &str = "GET /chat HTTP/1.1\r\nHost: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn bytes_pass_both_ways_after_101() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TestProxy::start(&routes(&[("", "/", &[listener.local_addr().unwrap()])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    client.write_all(UPGRADE.as_bytes()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let request = read_until(&mut server, "\r\n\r\n").await;
    for line in [
        "connection: Upgrade\r\n",
        "upgrade: websocket\r\n",
        "x-forwarded-proto: ws\r\n",
    ] {
        assert!(request.contains(line), "{line:?} is not in {request}");
    }
    let accepted = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                    Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\nearly";
    server.write_all(accepted.as_bytes()).await.unwrap();
    let response = read_until(&mut client, "early").await;
    assert!(
        response.starts_with("HTTP/1.1 101 Switching Protocols\r\n"),
        "{response}"
    );
    assert!(
        response
            .to_ascii_lowercase()
            .contains("sec-websocket-accept: s3ppl"),
        "{response}"
    );
    client.write_all(b"GET \0 not http\r\n\r\n").await.unwrap();
    read_until(&mut server, "GET \0 not http\r\n\r\n").await;
    server.write_all(b"pong").await.unwrap();
    read_until(&mut client, "pong").await;
    let open = |count| format!(r#"traefik_open_connections{{entrypoint="web",protocol="TCP"}} {count}"#);
    assert!(proxy.metrics_text().contains(&open(1)));
    drop(server);
    assert_eq!(read_to_end(&mut client).await, "");
    drop(client);
    eventually("counting the end of the tunnel", || {
        proxy.metrics_text().contains(&open(0))
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_upgrade_is_an_ordinary_response() {
    let server = canned_server("HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno").await;
    let proxy = TestProxy::start(&routes(&[("", "/", &[server])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    for _ in 0..2 {
        client.write_all(UPGRADE.as_bytes()).await.unwrap();
        let response = read_until(&mut client, "\r\n\r\nno").await;
        assert!(response.starts_with("HTTP/1.1 403 Forbidden\r\n"), "{response}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn h2c_upgrades_are_not_offered_to_servers() {
    let proxy = TestProxy::start(&routes(&[("", "/", &[echo_server().await])]));
    let answer = proxy
        .raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings, close\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n\r\n")
        .await;
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(
        !answer.contains("upgrade") && !answer.contains("http2-settings"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_101_that_nobody_asked_for_is_an_error() {
    let server =
        canned_server("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: x\r\n\r\n").await;
    let proxy = TestProxy::start(&routes(&[("", "/", &[server])]));
    let answer = proxy.get("a", "/").await;
    assert!(answer.starts_with("HTTP/1.1 502 Bad Gateway\r\n"), "{answer}");
}
