//! Requests reach the right server in the right form, and errors have the form that Traefik gives them.

use std::sync::atomic::Ordering;

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::support::*;

#[tokio::test(flavor = "multi_thread")]
async fn routes_by_host_and_path() {
    let (a, b) = (
        echo_server().await,
        canned_server("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nb").await,
    );
    let proxy = TestProxy::start(&routes(&[
        ("a.example.com", "/", &[a]),
        ("a.example.com", "/b", &[b]),
    ]));
    assert!(
        proxy
            .get("a.example.com", "/x?y=1;z")
            .await
            .contains("\r\n\r\nGET /x?y=1;z HTTP/1.1\n")
    );
    assert!(proxy.get("A.example.com:80", "/b/c").await.ends_with("\r\n\r\nb"));
    assert!(
        proxy
            .get("a.example.com", "/bc")
            .await
            .contains("GET /bc HTTP/1.1\n")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_get_the_normalised_path() {
    let server = echo_server().await;
    let proxy = TestProxy::start(&routes(&[("a", "/", &[server])]));
    for (asked, got) in [
        ("/x/../y//z?q=%2e%2e", "/y/z?q=%2e%2e"),
        ("/%7euser/%2f", "/~user/%2F"),
        ("/a%20b", "/a%20b"),
    ] {
        let answer = proxy.get("a", asked).await;
        assert!(
            answer.contains(&format!("\r\n\r\nGET {got} HTTP/1.1\n")),
            "{asked}: {answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_get_the_headers_of_the_client_and_no_others() {
    let server = echo_server().await;
    let proxy = TestProxy::start(&routes(&[("a.example.com", "/", &[server])]));
    let answer = proxy
        .raw(
            "POST / HTTP/1.1\r\nHost: a.example.com\r\nConnection: close, X-Secret\r\nX-Secret: 1\r\nKeep-Alive: 5\r\n\
             TE: trailers\r\nProxy-Authorization: x\r\nX-Forwarded-For: 203.0.113.1\r\nX_Forwarded_Proto: https\r\n\
             Cookie: a=b\r\nContent-Length: 4\r\n\r\nbody",
        )
        .await;
    let (_, echoed) = answer.split_once("\r\n\r\n").unwrap();
    let (head, body) = echoed.split_once("\n\n").unwrap();
    let mut headers: Vec<&str> = head.lines().skip(1).collect();
    headers.sort_unstable();
    assert_eq!(
        headers,
        [
            "content-length: 4",
            "cookie: a=b",
            "host: a.example.com",
            "te: trailers",
            "x-forwarded-for: 127.0.0.1",
            "x-forwarded-host: a.example.com",
            "x-forwarded-port: 80",
            "x-forwarded-proto: http",
            "x-forwarded-server: test-node",
            "x-real-ip: 127.0.0.1",
        ]
    );
    assert_eq!(body, "body");
}

#[tokio::test(flavor = "multi_thread")]
async fn trusted_clients_may_set_forwarded_headers() {
    let server = echo_server().await;
    let mut settings = settings();
    settings.trusted_ips = vec!["127.0.0.0/8".parse().unwrap()];
    let proxy = TestProxy::with_settings(&routes(&[("", "/", &[server])]), settings);
    let answer = proxy
        .raw("GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Forwarded-For: 203.0.113.1\r\nX-Forwarded-Proto: https\r\n\r\n")
        .await;
    for line in [
        "x-forwarded-for: 203.0.113.1, 127.0.0.1\n",
        "x-forwarded-proto: https\n",
        "x-forwarded-port: 443\n",
    ] {
        assert!(answer.contains(line), "{line} is not in {answer}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn headers_of_the_servers_connection_do_not_reach_the_client() {
    let server = canned_server(
        "HTTP/1.1 200 OK\r\nConnection: keep-alive, X-Hop\r\nX-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n\
         Content-Length: 2\r\n\r\nok",
    )
    .await;
    let proxy = TestProxy::start(&routes(&[("", "/", &[server])]));
    let answer = proxy.get("a", "/").await.to_ascii_lowercase();
    assert!(
        answer.contains("x-end: 2\r\n") && answer.ends_with("ok"),
        "{answer}"
    );
    assert!(
        !answer.contains("x-hop") && !answer.contains("keep-alive"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn errors() {
    let closed = closed_port().await;
    let breaking = canned_server("HTTP/1.1 banana\r\n\r\n").await;
    let proxy = TestProxy::start(&routes(&[
        ("none.example.com", "/", &[]),
        ("closed.example.com", "/", &[closed]),
        ("breaking.example.com", "/", &[breaking]),
    ]));
    for (host, status, body) in [
        ("other.example.com", "404 Not Found", "404 page not found\n"),
        (
            "none.example.com",
            "503 Service Unavailable",
            "no available server\n",
        ),
        ("closed.example.com", "502 Bad Gateway", "Bad Gateway"),
        ("breaking.example.com", "502 Bad Gateway", "Bad Gateway"),
    ] {
        let answer = proxy.get(host, "/").await;
        assert!(
            answer.starts_with(&format!("HTTP/1.1 {status}\r\n")),
            "{host}: {answer}"
        );
        assert!(
            answer.contains("content-type: text/plain; charset=utf-8\r\n"),
            "{host}: {answer}"
        );
        assert!(
            answer.contains("x-content-type-options: nosniff\r\n"),
            "{host}: {answer}"
        );
        assert!(answer.ends_with(&format!("\r\n\r\n{body}")), "{host}: {answer}");
    }
    let metrics = proxy.metrics_text();
    for line in [
        r#"traefik_entrypoint_requests_total{entrypoint="web",code="404",method="GET",protocol="http"} 1"#,
        r#"traefik_service_requests_total{service="none.example.com/",code="503",method="GET",protocol="http"} 1"#,
    ] {
        assert!(
            metrics.lines().any(|found| found == line),
            "{line} is not in\n{metrics}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn special_targets() {
    let server = echo_server().await;
    let proxy = TestProxy::start(&routes(&[("a", "/", &[server])]));
    for (request, expected) in [
        (
            "OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
            "HTTP/1.1 200 OK\r\n",
        ),
        (
            "CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n",
            "HTTP/1.1 501 Not Implemented\r\n",
        ),
        ("GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 Bad Request\r\n"),
        (
            "GET / HTTP/1.1\r\nHost: a b\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\n",
        ),
        (
            "GET /%zz HTTP/1.1\r\nHost: a\r\n\r\n",
            "HTTP/1.1 400 Bad Request\r\n",
        ),
        ("GET / HTTP/1.0\r\nHost: a\r\n\r\n", "HTTP/1.0 200 OK\r\n"),
    ] {
        let answer = proxy.raw(request).await;
        assert!(answer.starts_with(expected), "{request:?}: {answer}");
    }
    let answer = proxy
        .raw("GET http://a/p?q HTTP/1.1\r\nHost: other\r\nConnection: close\r\n\r\n")
        .await;
    assert!(
        answer.contains("GET /p?q HTTP/1.1\n") && answer.contains("\nhost: a\n"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn both_connections_are_kept_alive() {
    let (server, connections) = counting_echo_server().await;
    let mut one = settings();
    one.workers = std::num::NonZeroUsize::MIN;
    let proxy = TestProxy::with_settings(&routes(&[("", "/", &[server])]), one);
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    for number in 0..20 {
        let request = format!("POST /{number} HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n{number:03}");
        client.write_all(request.as_bytes()).await.unwrap();
        let answer = read_until(&mut client, &format!("\n\n{number:03}")).await;
        assert!(answer.contains(&format!("POST /{number} HTTP/1.1\n")), "{answer}");
    }
    assert_eq!(connections.load(Ordering::SeqCst), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_take_turns_and_a_dead_one_is_passed_over() {
    let (first, first_count) = counting_echo_server().await;
    let (second, second_count) = counting_echo_server().await;
    let closed = closed_port().await;
    let proxy = TestProxy::start(&routes(&[("", "/", &[first, closed, second])]));
    for _ in 0..12 {
        let answer = proxy
            .raw("POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx")
            .await;
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    }
    assert!(first_count.load(Ordering::SeqCst) > 0 && second_count.load(Ordering::SeqCst) > 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn h2c_servers() {
    let server = echo_server().await;
    let configuration = routes_by(
        kinglet_ingress_routes::Scheme::H2c,
        &[("a.example.com", "/", &[server])],
    );
    let proxy = TestProxy::start(&configuration);
    let answer = proxy.get("a.example.com", "/x?y").await;
    assert!(
        answer.contains("\r\n\r\nGET http://a.example.com/x?y HTTP/2.0\n"),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn responses_without_a_body_keep_their_headers_and_the_connection() {
    let server = canned_server("HTTP/1.1 200 OK\r\nContent-Length: 1234\r\nETag: \"x\"\r\n\r\n").await;
    let proxy = TestProxy::start(&routes(&[("", "/", &[server])]));
    let mut client = TcpStream::connect(proxy.web).await.unwrap();
    for _ in 0..3 {
        client
            .write_all(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n")
            .await
            .unwrap();
        let answer = read_until(&mut client, "\r\n\r\n").await.to_ascii_lowercase();
        assert!(
            answer.contains("content-length: 1234\r\n") && answer.contains("etag: \"x\"\r\n"),
            "{answer}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_http_1_0_request_without_host_gets_an_empty_one() {
    let proxy = TestProxy::start(&routes(&[("", "/", &[echo_server().await])]));
    let answer = proxy.raw("GET / HTTP/1.0\r\n\r\n").await;
    assert!(
        answer.contains("GET / HTTP/1.1\n") && answer.contains("\nhost: \n"),
        "{answer}"
    );
}
