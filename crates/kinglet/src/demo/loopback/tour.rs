//! What to try: commands to copy and paste.

use std::io::{self, Write};

use super::entrances::Entrances;
use crate::demo::style::{self, NOTE, TITLE};
use crate::server::Server;

/// Prints the commands, with the addresses that this demo listens on.
pub(super) fn print(server: &Server, addresses: Entrances) -> io::Result<()> {
    let mut out = anstream::stdout();
    writeln!(
        out,
        "\n{TITLE}Kinglet is up and everything answers.{TITLE:#} Try, in another terminal:\n"
    )?;
    style::commands(&mut out, &commands(server, addresses))?;
    writeln!(
        out,
        "{NOTE}As root, `kinglet demo` shows more: nodes, pods and an outside client with real packets between them.\nCtrl-C ends it.{NOTE:#}\n"
    )
}

fn commands(server: &Server, addresses: Entrances) -> Vec<(&'static str, Vec<String>)> {
    let domain = server.cluster_domain();
    let kubectl = match server.kubeconfig() {
        Some(kubeconfig) => format!("kubectl --kubeconfig {}", kubeconfig.display()),
        None => "kubectl".to_owned(),
    };
    let dig = format!("dig @{} -p {}", addresses.dns.ip(), addresses.dns.port());
    let curl = |host: &str, https: bool, path: &str| {
        let (scheme, address, insecure) = if https {
            ("https", addresses.websecure, "-k ")
        } else {
            ("http", addresses.web, "")
        };
        let (ip, port) = (address.ip(), address.port());
        format!("curl {insecure}--resolve {host}:{port}:{ip} {scheme}://{host}:{port}{path}")
    };
    let move_root = r#"[{"op":"replace","path":"/spec/rules/0/http/paths/0/backend/service","value":{"name":"api","port":{"number":8080}}}]"#;
    vec![
        (
            "the Kubernetes API",
            vec![
                format!("{kubectl} get service,endpointslice,ingress -A"),
                format!("{kubectl} describe ingress hello -n hello"),
            ],
        ),
        (
            "cluster DNS",
            vec![
                format!("{dig} +short web.hello.svc.{domain}"),
                format!("{dig} +short peers.hello.svc.{domain}"),
                format!("{dig} +short SRV _http._tcp.peers.hello.svc.{domain}"),
                format!("{dig} +short alias.hello.svc.{domain}"),
                format!("{dig} +short -x 127.0.0.11"),
            ],
        ),
        (
            "ingress",
            vec![
                curl("hello.example", false, "/"),
                curl("hello.example", false, "/api/users"),
                curl("api.hello.example", true, "/"),
            ],
        ),
        (
            "change a route and see it at once",
            vec![
                format!("{kubectl} patch ingress hello -n hello --type=json -p '{move_root}'"),
                curl("hello.example", false, "/"),
            ],
        ),
        (
            "health and metrics",
            vec![format!("curl http://{}/metrics", addresses.admin)],
        ),
    ]
}
