//! Bodies stream both ways, with trailers and back-pressure.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_response_is_passed_on_while_the_request_is_still_coming() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TestProxy::start(&routes(&[("", "/", &[listener.local_addr().unwrap()])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    client
        .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n")
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    read_until(&mut server, "1\r\na\r\n").await;
    server
        .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n")
        .await
        .unwrap();
    read_until(&mut client, "1\r\nA\r\n").await;
    client.write_all(b"1\r\nb\r\n0\r\n\r\n").await.unwrap();
    read_until(&mut server, "1\r\nb\r\n0\r\n\r\n").await;
    server.write_all(b"1\r\nB\r\n0\r\n\r\n").await.unwrap();
    read_until(&mut client, "1\r\nB\r\n0\r\n\r\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn trailers_pass_both_ways() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TestProxy::start(&routes(&[("", "/", &[listener.local_addr().unwrap()])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    let request = "POST / HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n\
                   1\r\na\r\n0\r\nX-Sum: 1\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    let forwarded = read_until(&mut server, "0\r\nx-sum: 1\r\n\r\n").await;
    assert!(forwarded.contains("trailer: X-Sum\r\n"), "{forwarded}");
    let response = "HTTP/1.1 200 OK\r\nTrailer: X-Done\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nA\r\n0\r\nX-Done: 2\r\n\r\n";
    server.write_all(response.as_bytes()).await.unwrap();
    read_until(&mut client, "0\r\nx-done: 2\r\n\r\n").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn expect_continue_is_answered_and_the_body_forwarded() {
    let proxy = TestProxy::start(&routes(&[("", "/", &[echo_server().await])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    let head = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 4\r\nConnection: close\r\n\r\n";
    client.write_all(head.as_bytes()).await.unwrap();
    assert_eq!(
        read_until(&mut client, "\r\n\r\n").await,
        "HTTP/1.1 100 Continue\r\n\r\n"
    );
    client.write_all(b"body").await.unwrap();
    let answer = read_to_end(&mut client).await;
    assert!(
        answer.ends_with("\n\nbody") && !answer.contains("expect"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_stops_the_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TestProxy::start(&routes(&[("", "/", &[listener.local_addr().unwrap()])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    read_until(&mut server, "\r\n\r\n").await;
    let total: usize = 64 << 20;
    server
        .write_all(format!("HTTP/1.1 200 OK\r\nContent-Length: {total}\r\n\r\n").as_bytes())
        .await
        .unwrap();
    let block = vec![7; 1 << 20];
    let mut sent = 0;
    while let Ok(written) = timeout(Duration::from_millis(500), server.write(&block)).await {
        sent += written.unwrap();
        assert!(sent < total / 2, "the proxy buffered {sent} bytes");
    }
    let writer = tokio::spawn(async move {
        while sent < total {
            sent += server
                .write(&block[..block.len().min(total - sent)])
                .await
                .unwrap();
        }
        server
    });
    let mut received = Vec::new();
    timeout(DEADLINE, client.read_to_end(&mut received))
        .await
        .unwrap()
        .unwrap();
    assert!(received.len() > total);
    writer.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_breaks_off_breaks_off_the_response() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TestProxy::start(&routes(&[("", "/", &[listener.local_addr().unwrap()])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    read_until(&mut server, "\r\n\r\n").await;
    server
        .write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n")
        .await
        .unwrap();
    drop(server);
    let answer = read_to_end(&mut client).await;
    assert!(
        answer.ends_with("3\r\nabc\r\n"),
        "the end of the body was made up: {answer}"
    );
}
