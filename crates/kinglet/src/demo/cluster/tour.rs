//! What to try: commands to copy and paste.

use std::io::{self, Write};
use std::net::{IpAddr, SocketAddr};

use kinglet_lab::Description;

use super::known::{BALANCED_PORT, NAME, NODE_PORT};
use crate::demo::style::{self, NOTE};

/// Prints the commands, with the addresses of this demo.
pub(super) fn print(out: &mut impl Write, lab: &Description, pod: &str, node: IpAddr) -> io::Result<()> {
    writeln!(out, "Try, in another terminal (as root):\n")?;
    style::commands(out, &groups(lab, pod, node))?;
    writeln!(out, "{NOTE}Ctrl-C ends it and leaves nothing behind.{NOTE:#}\n")
}

fn groups(lab: &Description, pod: &str, node: IpAddr) -> Vec<(&'static str, Vec<String>)> {
    let kubectl = format!("kubectl --kubeconfig {}", lab.kubeconfig.display());
    let program =
        std::env::current_exe().map_or_else(|_| "kinglet".into(), |path| path.display().to_string());
    let act = |words: &str| format!("{program} lab {words} --name {NAME}");
    let run = |place: &str, command: &str| format!("{program} lab {place} --name {NAME} -- {command}");
    let entrance = |port| SocketAddr::new(node, port);
    vec![
        (
            "the Kubernetes API",
            vec![
                format!("{kubectl} get nodes,pods,services,ingresses -A -o wide"),
                format!("{kubectl} describe pod -n hello -l app=web"),
                format!("{kubectl} logs -n hello -l app=web --prefix"),
                format!("{kubectl} exec -it -n hello deployment/web -- bash"),
                format!("{kubectl} port-forward -n hello service/web 8080:8081"),
            ],
        ),
        (
            "inside a pod: cluster DNS, a Service, the pods of a headless Service",
            vec![
                run(&format!("exec {pod}"), "curl -s http://web.hello:8081/"),
                run(&format!("exec {pod}"), "dig +short peers.hello.svc.cluster.local"),
                act(&format!("probe {pod} echo.hello 7/udp")),
            ],
        ),
        (
            "from outside: a load balancer on a node's address, a NodePort, an Ingress",
            vec![
                run(
                    "client-exec",
                    &format!("curl -s http://{}/", entrance(BALANCED_PORT)),
                ),
                run("client-exec", &format!("curl -s http://{}/", entrance(NODE_PORT))),
                run(
                    "client-exec",
                    &format!("curl -s -H 'host: hello.example' http://{}/", entrance(80)),
                ),
            ],
        ),
        (
            "roll to another version and see who answers",
            vec![
                format!("{kubectl} set image -n hello deployment/web echo=kinglet/echo:2"),
                format!("{kubectl} rollout status -n hello deployment/web"),
            ],
        ),
        (
            "break something",
            vec![
                act(&format!("kill {pod}")),
                act("partition node-3"),
                act("heal node-3"),
            ],
        ),
    ]
}
