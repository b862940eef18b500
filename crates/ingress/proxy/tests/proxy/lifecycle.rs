//! Changes under load, stale connections, and the end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use kinglet_ingress_proxy::{Proxy, ProxySettings, ProxySnapshot, WEB};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn no_request_fails_while_snapshots_change() {
    let (a, b) = (echo_server().await, echo_server().await);
    let proxy = TestProxy::start(&routes(&[("", "/", &[a])]));
    let (done, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
    let mut clients = Vec::new();
    for _ in 0..8 {
        let (done, answered, web) = (done.clone(), answered.clone(), proxy.web);
        clients.push(tokio::spawn(async move {
            let mut client = TcpStream::connect(web).await.unwrap();
            while !done.load(Ordering::SeqCst) {
                client
                    .write_all(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n12end")
                    .await
                    .unwrap();
                let answer = read_until(&mut client, "12end").await;
                assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
                answered.fetch_add(1, Ordering::SeqCst);
            }
        }));
    }
    for round in 0..200 {
        let servers: &[std::net::SocketAddr] = if round % 2 == 0 { &[b] } else { &[a, b] };
        ProxySnapshot::publish(&proxy.snapshot, &routes(&[("", "/", servers)]));
        let before = answered.load(Ordering::SeqCst);
        eventually("a request after the change", || {
            answered.load(Ordering::SeqCst) > before + 8
        })
        .await;
    }
    done.store(true, Ordering::SeqCst);
    for client in clients {
        client.await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_survives_the_removal_of_its_server() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TestProxy::start(&routes(&[("", "/", &[listener.local_addr().unwrap()])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    read_until(&mut server, "\r\n\r\n").await;
    ProxySnapshot::publish(&proxy.snapshot, &routes(&[]));
    assert!(proxy.get("a", "/").await.starts_with("HTTP/1.1 404 "));
    server
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
        .await
        .unwrap();
    read_until(&mut client, "done").await;
}

/// A server that answers the first request of its first connection and breaks off at the second; it serves
/// later connections.
async fn breaks_off_once() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let requests = Arc::new(AtomicUsize::new(0));
    let seen = requests.clone();
    tokio::spawn(async move {
        let mut first = true;
        while let Ok((mut stream, _)) = listener.accept().await {
            let breaks_off = std::mem::take(&mut first);
            let seen = seen.clone();
            tokio::spawn(async move {
                for number in 0.. {
                    read_until(&mut stream, "\r\n\r\n").await;
                    seen.fetch_add(1, Ordering::SeqCst);
                    if breaks_off && number == 1 {
                        return;
                    }
                    stream
                        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
                        .await
                        .unwrap();
                }
            });
        }
    });
    (address, requests)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idempotent_request_on_a_stale_connection_is_sent_again() {
    for (method, status, seen) in [("GET", "200 OK", 3), ("POST", "502 Bad Gateway", 2)] {
        let (server, requests) = breaks_off_once().await;
        let mut one = settings();
        one.workers = std::num::NonZeroUsize::MIN;
        let proxy = TestProxy::with_settings(&routes(&[("", "/", &[server])]), one);
        assert!(proxy.get("a", "/").await.starts_with("HTTP/1.1 200 OK\r\n"));
        let answer = proxy
            .raw(&format!(
                "{method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
            ))
            .await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{method}: {answer}"
        );
        assert_eq!(requests.load(Ordering::SeqCst), seen, "{method}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_lets_requests_finish() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = TestProxy::start(&routes(&[("", "/", &[listener.local_addr().unwrap()])]));
    let mut busy = TcpStream::connect(proxy.web).await.unwrap();
    busy.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    read_until(&mut server, "\r\n\r\n").await;
    let mut idle = TcpStream::connect(proxy.web).await.unwrap();
    idle.write_all(b"GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    read_until(&mut idle, "Bad Request").await;

    proxy.stop.cancel();
    let refused = async {
        while TcpStream::connect(proxy.web).await.is_ok() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    timeout(DEADLINE, refused).await.expect("the proxy still accepts");
    assert!(!proxy.task.is_finished());
    server
        .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ndone")
        .await
        .unwrap();
    let answer = read_to_end(&mut busy).await;
    assert!(
        answer.ends_with("done") && answer.contains("connection: close\r\n"),
        "{answer}"
    );
    timeout(DEADLINE, proxy.task)
        .await
        .expect("the proxy did not end")
        .unwrap()
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_waits_no_longer_than_its_grace() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut hasty = settings();
    hasty.timeouts.grace = Duration::from_millis(50);
    let proxy = TestProxy::with_settings(&routes(&[("", "/", &[listener.local_addr().unwrap()])]), hasty);
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    client
        .write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        .await
        .unwrap();
    let (mut server, _) = listener.accept().await.unwrap();
    read_until(&mut server, "\r\n\r\n").await;
    proxy.stop.cancel();
    timeout(DEADLINE, proxy.task)
        .await
        .expect("the proxy did not end")
        .unwrap()
        .unwrap();
    assert_eq!(read_to_end(&mut client).await, "");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_in_use_names_the_entry_point() {
    let proxy = Proxy::bind(settings()).unwrap();
    let web = proxy.address(WEB).unwrap();
    let any_port = std::net::SocketAddr::from(([127, 0, 0, 1], 0));
    let second = ProxySettings::new(web, any_port, provider());
    let message = Proxy::bind(second).unwrap_err().to_string();
    assert!(
        message.starts_with(&format!("entry point web cannot listen on {web}: ")),
        "{message}"
    );
}
