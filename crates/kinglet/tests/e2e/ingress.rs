//! Ingress as `curl` sees it.

use crate::hello::{Hello, eventually};

const SECOND: &str = "from 127.0.0.12:5678";

/// Waits until a URL answers with that code.
fn answers(hello: &Hello, url: &str, code: u16) {
    eventually(|| match hello.curl(url, &["-k"]) {
        (answered, _) if answered == code => Ok(()),
        other => Err(format!("{url}: {other:?} instead of {code}")),
    });
}

#[test]
fn routes_status_tls_and_changes() {
    let Some(hello) = Hello::start() else { return };
    answers(&hello, "http://hello.example/", 200);
    precedence(&hello);
    tls(&hello);
    headers(&hello);
    status(&hello);
    changes(&hello);
    problems(&hello);
}

fn precedence(hello: &Hello) {
    let both: std::collections::BTreeSet<String> = (0..4)
        .map(|_| {
            hello
                .curl("http://hello.example/", &[])
                .1
                .lines()
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert_eq!(both.len(), 2, "round robin over both backends: {both:?}");
    for url in [
        "http://hello.example/api",
        "http://hello.example/api/x",
        "http://api.hello.example/any",
    ] {
        for _ in 0..3 {
            assert!(hello.curl(url, &[]).1.starts_with(SECOND), "{url}");
        }
    }
    let exact: Vec<String> = (0..4)
        .map(|_| hello.curl("http://hello.example/api/version", &[]).1)
        .collect();
    assert!(
        exact.iter().any(|body| !body.starts_with(SECOND)),
        "Exact wins over Prefix"
    );
    assert_eq!(
        hello.curl("http://other.example/", &[]),
        (404, "404 page not found\n".to_owned())
    );
}

fn tls(hello: &Hello) {
    for protocol in ["--http1.1", "--http2"] {
        let (code, body) = hello.curl("https://api.hello.example/x", &["-k", protocol]);
        assert_eq!(code, 200);
        assert!(
            body.starts_with(SECOND) && body.to_lowercase().contains("x-forwarded-proto: https"),
            "{body}"
        );
    }
    let (_, shown) = hello.curl("https://api.hello.example/", &["-kv", "--stderr", "-"]);
    assert!(
        shown.contains("CN=hello.example"),
        "certificate of the Secret by SNI: {shown}"
    );
}

fn headers(hello: &Hello) {
    let spoofed = [
        "-H",
        "X-Forwarded-For: 192.0.2.1",
        "-H",
        "X-Forwarded-Proto: https",
        "-H",
        "Connection: keep-alive, X-Drop",
        "-H",
        "X-Drop: 1",
    ];
    let body = hello.curl("http://hello.example/", &spoofed).1.to_lowercase();
    assert!(
        body.contains("x-forwarded-for: 127.0.0.1\r\n") && body.contains("x-forwarded-proto: http\r\n"),
        "{body}"
    );
    assert!(!body.contains("192.0.2.1") && !body.contains("x-drop"), "{body}");
}

fn status(hello: &Hello) {
    eventually(|| {
        let ip = hello.kubectl(&[
            "get",
            "ingress",
            "hello",
            "-n",
            "hello",
            "-o",
            "jsonpath={.status.loadBalancer.ingress[0].ip}",
        ]);
        if ip == "127.0.0.1" {
            Ok(())
        } else {
            Err(format!("status {ip:?}"))
        }
    });
}

fn changes(hello: &Hello) {
    let patch = r#"[{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service","value":{"name":"api","port":{"number":8080}}}]"#;
    hello.kubectl(&[
        "patch",
        "ingress",
        "hello",
        "-n",
        "hello",
        "--type=json",
        "-p",
        patch,
    ]);
    eventually(|| {
        let all_second = (0..4).all(|_| hello.curl("http://hello.example/", &[]).1.starts_with(SECOND));
        if all_second {
            Ok(())
        } else {
            Err("the changed backend has no effect".to_owned())
        }
    });
    let empty = r#"{"endpoints":[]}"#;
    hello.kubectl(&[
        "patch",
        "endpointslice",
        "api-1",
        "-n",
        "hello",
        "--type=merge",
        "-p",
        empty,
    ]);
    answers(hello, "http://hello.example/", 503);
}

fn problems(hello: &Hello) {
    hello.kubectl(&["delete", "service", "api", "-n", "hello"]);
    answers(hello, "http://hello.example/", 404);
    hello.kubectl(&["delete", "secret", "hello-tls", "-n", "hello"]);
    eventually(|| {
        let events = hello.kubectl(&[
            "get",
            "events",
            "-n",
            "hello",
            "-o",
            "jsonpath={range .items[*]}{.reason}{\"\\n\"}{end}",
        ]);
        let complete = events.contains("ServiceNotFound") && events.contains("SecretNotFound");
        if complete {
            Ok(())
        } else {
            Err(format!("events: {events:?}"))
        }
    });
    let metrics = hello.metrics();
    assert!(
        metrics.contains("kinglet_ingress_problems{reason=\"SecretNotFound\"} 1"),
        "{metrics}"
    );
    answers(hello, "http://hello.example/api/version", 200);
}
