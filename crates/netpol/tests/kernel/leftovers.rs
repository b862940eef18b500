//! What kube-router leaves goes, and nothing else does.

use std::io::Write;
use std::process::{Command, Stdio};

use kinglet_model::{NetworkPolicy, Node};

use crate::{Running, api, eventually, nft, node, policy, table};
use kinglet_test_support::netns::in_namespace;

/// The chains that kube-router makes, and some of others.
const SAVED: &str = "*filter
:INPUT ACCEPT [0:0]
:FORWARD ACCEPT [0:0]
:OUTPUT ACCEPT [0:0]
:KUBE-ROUTER-INPUT - [0:0]
:KUBE-ROUTER-FORWARD - [0:0]
:KUBE-NWPLCY-DEFAULT - [0:0]
:KUBE-POD-FW-ABCDEFGHIJKLMNOP - [0:0]
:KUBE-SERVICES - [0:0]
-A INPUT -m comment --comment \"kube-router netpol - 4IA2OSFRMVNDXBVV\" -j KUBE-ROUTER-INPUT
-A INPUT -j KUBE-SERVICES
-A FORWARD -j KUBE-ROUTER-FORWARD
-A KUBE-ROUTER-FORWARD -d 10.42.0.7/32 -j KUBE-POD-FW-ABCDEFGHIJKLMNOP
-A KUBE-POD-FW-ABCDEFGHIJKLMNOP -j KUBE-NWPLCY-DEFAULT
-A KUBE-POD-FW-ABCDEFGHIJKLMNOP -j REJECT
-A KUBE-NWPLCY-DEFAULT -m set --match-set KUBE-SRC-ABCDEFGHIJKLMNOP src -j ACCEPT
-A KUBE-SERVICES -d 192.0.2.1/32 -j DROP
COMMIT
";

fn restore(program: &str) {
    let mut restore = Command::new(format!("{program}-restore"))
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    restore.stdin.take().unwrap().write_all(SAVED.as_bytes()).unwrap();
    assert!(restore.wait().unwrap().success());
}

fn ipset(arguments: &str) -> String {
    let output = Command::new("ipset").args(arguments.split(' ')).output().unwrap();
    assert!(
        output.status.success(),
        "{arguments}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn save(program: &str) -> String {
    let output = Command::new(format!("{program}-save")).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn rules_of_kube_router_go_when_ours_are_in_place() {
    in_namespace(|| {
        let programs = ["iptables-nft", "iptables-legacy"];
        for set in ["KUBE-SRC-ABCDEFGHIJKLMNOP", "kube-router-local-pods", "another"] {
            ipset(&format!("create {set} hash:ip"));
        }
        ipset("create inet6:KUBE-DST-ABCDEFGHIJKLMNOP hash:ip family inet6");
        programs.iter().for_each(|program| restore(program));
        for (family, name) in [
            ("ip", "kube-router-filter-ipv4"),
            ("ip6", "kube-router-filter-ipv6"),
        ] {
            assert!(nft(&format!("add table {family} {name}")).0);
            assert!(nft(&format!("add chain {family} {name} KUBE-ROUTER-INPUT")).0);
        }
        let api = api();
        api.put::<Node>(node("here", "True"));
        api.put::<NetworkPolicy>(policy());
        let agent = Running::start(api);
        for program in programs {
            eventually(program, || !save(program).contains("KUBE-ROUTER"));
            let left = save(program);
            assert!(
                !left.contains("KUBE-POD-FW") && !left.contains("KUBE-NWPLCY"),
                "{left}"
            );
            assert!(left.contains("-A INPUT -j KUBE-SERVICES"), "{left}");
            assert!(
                left.contains("-A KUBE-SERVICES -d 192.0.2.1/32 -j DROP"),
                "{left}"
            );
        }
        eventually("sets go", || ipset("list -name") == "another\n");
        eventually("tables go", || !nft("list tables").1.contains("kube-router"));
        assert!(table().contains("10.42.0.7"));
        agent.stop();
    });
}
