//! Cluster DNS as `dig` sees it.

use crate::hello::{Hello, eventually};

/// Questions about the sample and the answers in `dig +short` form, sorted.
const ANSWERS: &[(&[&str], &[&str])] = &[
    (
        &["A", "peers.hello.svc.cluster.local"],
        &["127.0.0.11", "127.0.0.12"],
    ),
    (
        &["A", "PEERS.hello.SVC.cluster.local"],
        &["127.0.0.11", "127.0.0.12"],
    ),
    (&["A", "peer-1.peers.hello.svc.cluster.local"], &["127.0.0.12"]),
    (&["AAAA", "peers.hello.svc.cluster.local"], &[]),
    (
        &["SRV", "_http._tcp.peers.hello.svc.cluster.local"],
        &[
            "0 50 5678 peer-0.peers.hello.svc.cluster.local.",
            "0 50 5678 peer-1.peers.hello.svc.cluster.local.",
        ],
    ),
    (
        &["SRV", "_http._tcp.web.hello.svc.cluster.local"],
        &["0 100 80 web.hello.svc.cluster.local."],
    ),
    (
        &["CNAME", "alias.hello.svc.cluster.local"],
        &["web.hello.svc.cluster.local."],
    ),
    (&["TXT", "dns-version.cluster.local"], &["\"1.1.0\""]),
    (&["A", "10-1-2-3.hello.pod.cluster.local"], &["10.1.2.3"]),
    (&["A", "kubernetes.default.svc.cluster.local"], &["10.43.0.1"]),
    (&["A", "kube-dns.kube-system.svc.cluster.local"], &["10.43.0.10"]),
    (&["-x", "10.43.0.1"], &["kubernetes.default.svc.cluster.local."]),
];

#[test]
fn every_record_type_over_udp_and_tcp() {
    let Some(hello) = Hello::start() else { return };
    let web = hello.kubectl(&[
        "get",
        "service",
        "web",
        "-n",
        "hello",
        "-o",
        "jsonpath={.spec.clusterIP}",
    ]);
    eventually(|| {
        let answer = hello.dig(&["+short", "A", "web.hello.svc.cluster.local"]);
        if answer == [web.as_str()] {
            Ok(())
        } else {
            Err(format!("{answer:?} instead of {web}"))
        }
    });
    for transport in ["+notcp", "+tcp"] {
        for (question, expected) in ANSWERS {
            let arguments: Vec<&str> = [transport, "+short"].iter().chain(*question).copied().collect();
            assert_eq!(hello.dig(&arguments), *expected, "{transport} {question:?}");
        }
        assert_eq!(
            hello.dig(&[transport, "+short", "-x", &web]),
            ["web.hello.svc.cluster.local."]
        );
        assert_eq!(
            hello.dig(&[transport, "+short", "A", "alias.hello.svc.cluster.local"]),
            [web.as_str(), "web.hello.svc.cluster.local."]
        );
    }
    negative_answers(&hello);
    hello.kubectl(&["delete", "service", "peers", "-n", "hello"]);
    eventually(|| {
        let answer = hello.dig(&["+short", "A", "peers.hello.svc.cluster.local"]);
        if answer.is_empty() {
            Ok(())
        } else {
            Err(format!("{answer:?} after deletion"))
        }
    });
}

fn negative_answers(hello: &Hello) {
    for (name, status) in [
        ("nobody.hello.svc.cluster.local", "NXDOMAIN"),
        ("hello.svc.cluster.local", "NOERROR"),
        ("svc.cluster.local", "NOERROR"),
        ("web.nowhere.svc.cluster.local", "NXDOMAIN"),
    ] {
        let answer = hello.dig(&["A", name]).join("\n");
        assert!(answer.contains(&format!("status: {status}")), "{name}: {answer}");
        assert!(
            answer.contains("ns.dns.cluster.local. hostmaster.cluster.local."),
            "{name} has no SOA: {answer}"
        );
        assert!(answer.contains("flags: qr aa"), "{name}: {answer}");
    }
}
