//! Runs `tests/scenarios/*.txt`: objects as YAML, then questions with their answers. The format is explained
//! in `tests/scenarios/README.md`.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "tests")]

mod support;

use std::path::Path;

use kinglet_dns_zone::{Snapshot, ZoneBuilder, ZoneSettings};
use support::Item;

/// Serial of every zone that has data; without data it is 0.
const SERIAL: u32 = 7;

#[test]
fn scenarios() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .collect();
    files.sort();
    let (mut asked, mut wrong) = (0, Vec::new());
    for path in files {
        let file = path.file_name().unwrap().to_string_lossy().into_owned();
        let text = std::fs::read_to_string(&path).unwrap();
        let (objects, questions) = text.split_once("\n=== questions\n").expect(&file);
        let snapshot = build(objects);
        for question in questions.split("\n? ").skip(1) {
            asked += 1;
            wrong.extend(check(&snapshot, question).map(|report| format!("{file}: {report}")));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {asked} are wrong\n{}",
        wrong.len(),
        wrong.join("\n")
    );
    assert!(asked >= 120, "only {asked} questions were found");
}

fn build(objects: &str) -> std::sync::Arc<Snapshot> {
    let mut settings = ZoneSettings::default();
    let option = |name: &str| {
        let mut lines = objects.lines().filter_map(|line| line.strip_prefix("#! "));
        lines.find_map(|line| line.strip_prefix(name).map(str::trim))
    };
    if let Some(domain) = option("domain") {
        settings.domain = domain.into();
    }
    if let Some(ttl) = option("ttl") {
        settings.ttl = ttl.parse().unwrap();
    }
    if let Some(addresses) = option("local-addresses") {
        settings.local_addresses = addresses.split(' ').map(|text| text.parse().unwrap()).collect();
    }
    let mut builder = ZoneBuilder::new(&settings).unwrap();
    let documents = objects
        .split("\n---\n")
        .filter(|document| document.contains("kind:"));
    documents.for_each(|document| Item::parse(document).apply(&mut builder));
    if option("unsynced").is_none() {
        builder.set_synced();
    }
    builder.snapshot(SERIAL)
}

/// A report if the answer is not the expected one.
fn check(snapshot: &Snapshot, question: &str) -> Option<String> {
    let mut lines = question
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let (name, rtype) = lines.next()?.split_once(' ')?;
    let mut expected: Vec<String> = lines.map(Into::into).collect();
    let status = expected.first()?.clone();
    // `NXDOMAIN zone.` stands for the zone's SOA in authority; the zone may be left out.
    let (word, zone) = status.split_once(' ').unwrap_or((&status, "cluster.local."));
    if ["NODATA", "NXDOMAIN", "SERVFAIL"].contains(&word) {
        let ttl = if zone.starts_with("slow.") {
            (300, 3600)
        } else {
            (5, 5)
        };
        let soa = format!(
            "ns.dns.{zone} hostmaster.{zone} {} 7200 1800 86400 {}",
            snapshot.serial(),
            ttl.1
        );
        expected = vec![word.into(), format!("- {zone} {} SOA {soa}", ttl.0)];
    }
    let section = |line: &String| {
        "=-+"
            .find(line.get(..1).unwrap_or_default())
            .map_or(0, |at| at + 1)
    };
    expected
        .get_mut(1..)?
        .sort_by_key(|line| (section(line), line.clone()));
    let got = support::ask(snapshot, name, rtype.trim());
    (got != expected).then(|| {
        format!(
            "{name} {rtype}\n  expected:\n    {}\n  got:\n    {}",
            expected.join("\n    "),
            got.join("\n    ")
        )
    })
}
