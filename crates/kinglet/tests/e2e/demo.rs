//! `kinglet demo` on loopback, from its start to its end.

use std::path::PathBuf;

use crate::{hello, server};

#[test]
fn everything_answers_and_nothing_stays_behind() {
    let _alone = hello::alone();
    let (mut demo, tour) = server::start_demo(server::kinglet("demo").arg("--loopback"));
    let shows = |start: &str| tour.iter().any(|line| line.starts_with(start));
    assert!(
        shows("dig @127.0.0.1 ") && shows("curl --resolve hello.example:"),
        "{tour:#?}"
    );

    let kubectl = tour
        .iter()
        .find_map(|line| line.strip_prefix("kubectl --kubeconfig "))
        .unwrap();
    let kubeconfig = PathBuf::from(kubectl.split(' ').next().unwrap());
    assert!(kubeconfig.exists());
    assert!(server::terminate(&mut demo));
    assert!(
        !kubeconfig.parent().unwrap().exists(),
        "the temporary directory stays"
    );
}
