//! The smuggling corpus: whatever is framed in more than one way gets 400, and nothing of it reaches a
//! server.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::support::*;

/// A server that answers 200 to everything and counts the requests whose path is `/smuggled`.
async fn victim() -> (std::net::SocketAddr, Arc<AtomicUsize>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let smuggled = count.clone();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let smuggled = smuggled.clone();
            tokio::spawn(async move {
                let mut buffer = [0; 4096];
                while let Ok(count @ 1..) = stream.read(&mut buffer).await {
                    let text = String::from_utf8_lossy(&buffer[..count]).into_owned();
                    smuggled.fetch_add(text.matches("/smuggled").count(), Ordering::SeqCst);
                    let answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
                    if stream.write_all(answer.as_bytes()).await.is_err() {
                        break;
                    }
                }
            });
        }
    });
    (address, count)
}

const HEAD: &str = "POST / HTTP/1.1\r\nHost: a\r\n";
const SECOND: &str = "GET /smuggled HTTP/1.1\r\nHost: a\r\n\r\n";

#[tokio::test(flavor = "multi_thread")]
async fn ambiguous_requests_get_400_and_the_connection_is_closed() {
    let (server, smuggled) = victim().await;
    let proxy = TestProxy::start(&routes(&[("", "/", &[server])]));
    let corpus = [
        format!("{HEAD}Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}Content-Length: 0\r\nContent-Length: 39\r\n\r\n{SECOND}"),
        format!("{HEAD}Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello{SECOND}"),
        format!("{HEAD}Content-Length: 0, 39\r\n\r\n{SECOND}"),
        format!("{HEAD}Content-Length: +0\r\n\r\n{SECOND}"),
        format!("{HEAD}Transfer-Encoding: identity\r\n\r\n{SECOND}"),
        format!("{HEAD}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}Transfer-Encoding:\x0bchunked\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}X: y\r\n Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("{HEAD}X: y\0\r\n\r\n{SECOND}"),
        format!("{HEAD}X y\r\n\r\n{SECOND}"),
        format!("POST / HTTP/1.1\nHost: a\n\n{SECOND}"),
        format!("POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n{SECOND}"),
        format!("POST / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n{SECOND}"),
        format!("POST  / HTTP/1.1\r\nHost: a\r\n\r\n{SECOND}"),
        format!("POST / HTTP/1.1 \r\nHost: a\r\n\r\n{SECOND}"),
        format!("POST /#x HTTP/1.1\r\nHost: a\r\n\r\n{SECOND}"),
        format!("PO\u{7f}ST / HTTP/1.1\r\nHost: a\r\n\r\n{SECOND}"),
    ];
    for request in &corpus {
        let answer = proxy.raw(request).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{request:?}: {answer:?}"
        );
        assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{request:?}: {answer:?}");
    }
    assert_eq!(smuggled.load(Ordering::SeqCst), 0);
    let expected = format!(
        r#"kinglet_ingress_malformed_requests_total{{entrypoint="web"}} {}"#,
        corpus.len()
    );
    eventually("counting the malformed requests", || {
        proxy.metrics_text().contains(&expected)
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn malformed_chunks_end_the_connection_without_a_second_request() {
    let (server, smuggled) = victim().await;
    let proxy = TestProxy::start(&routes(&[("", "/", &[server])]));
    for body in [
        "3\r\nabcX\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\r\n0\r\n\r\n",
        "0\r\n x: y\r\n\r\n",
    ] {
        let answer = proxy
            .raw(&format!("{HEAD}Transfer-Encoding: chunked\r\n\r\n{body}{SECOND}"))
            .await;
        assert!(answer.matches("HTTP/1.1 ").count() <= 1, "{body:?}: {answer:?}");
    }
    assert_eq!(smuggled.load(Ordering::SeqCst), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_before_a_malformed_request_are_complete() {
    let proxy = TestProxy::start(&routes(&[("", "/", &[echo_server().await])]));
    let good = "GET /good HTTP/1.1\r\nHost: a\r\n\r\n";
    let bad = "GET /bad HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n";
    let answer = proxy.raw(&format!("{good}{bad}")).await;
    let (first, second) = answer.split_once("HTTP/1.1 400 Bad Request\r\n").unwrap();
    assert!(
        first.starts_with("HTTP/1.1 200 OK\r\n") && first.contains("GET /good HTTP/1.1\n"),
        "{first}"
    );
    assert!(second.contains("connection: close\r\n"), "{second}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pipelined_and_split_requests_are_answered_in_order() {
    let proxy = TestProxy::start(&routes(&[("", "/", &[echo_server().await])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    let requests = "POST /1 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n\
                    POST /2 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\ndefGET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    for piece in requests.as_bytes().chunks(7) {
        client.write_all(piece).await.unwrap();
        client.flush().await.unwrap();
        tokio::task::yield_now().await;
    }
    let answer = read_to_end(&mut client).await;
    let at = |text: &str| {
        answer
            .find(text)
            .unwrap_or_else(|| panic!("{text:?} is not in {answer}"))
    };
    assert!(at("POST /1 ") < at("\n\nabc") && at("\n\nabc") < at("POST /2 "));
    assert!(at("POST /2 ") < at("\n\ndef") && at("\n\ndef") < at("GET /3 "));
}

#[tokio::test(flavor = "multi_thread")]
async fn limits() {
    let proxy = TestProxy::start(&routes(&[("", "/", &[echo_server().await])]));
    let long = "x".repeat(80 * 1024);
    let answer = proxy
        .raw(&format!("GET / HTTP/1.1\r\nHost: a\r\nX: {long}\r\n\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
    let many: String = (0..200).map(|number| format!("X-{number}: y\r\n")).collect();
    let answer = proxy
        .raw(&format!("GET / HTTP/1.1\r\nHost: a\r\n{many}\r\n"))
        .await;
    assert!(answer.starts_with("HTTP/1.1 431 "), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slow_head_is_cut_off() {
    let mut impatient = settings();
    impatient.timeouts.read_header = std::time::Duration::from_millis(100);
    let proxy = TestProxy::with_settings(&routes(&[]), impatient);
    for start in [
        "",
        "G",
        "GET / HTTP/1.1\r\nHost",
        "GET / HTTP/1.1\r\nHost: a\r\n\r\nGET",
    ] {
        let mut client = TcpStream::connect(proxy.web).await.unwrap();
        client.write_all(start.as_bytes()).await.unwrap();
        let answer = read_to_end(&mut client).await;
        assert_eq!(
            answer.matches("HTTP/1.1 404 ").count(),
            usize::from(start.ends_with("GET")),
            "{start:?}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_connection_is_closed() {
    let mut impatient = settings();
    impatient.timeouts.idle = std::time::Duration::from_millis(100);
    let proxy = TestProxy::with_settings(&routes(&[]), impatient);
    let answer = proxy.raw("GET / HTTP/1.1\r\nHost: a\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 404 "), "{answer}");
}
