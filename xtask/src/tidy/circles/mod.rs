//! No circle of files inside a crate.
//!
//! A file needs another one if it names something that the other defines, however the name gets there: a
//! re-export on the way does not count, `mod x;` and `pub use` of what lies below do not, tests do not.

mod graph;

use std::collections::BTreeMap;

use graph::{Graph, circles};

use crate::modules::{Module, Modules, Sources, Target};
use crate::source::{Source, Visibility};

/// Where a file needs another one.
struct Need {
    line: usize,
    path: String,
}

/// Folders whose circles may stay, and why.
const EXCEPTIONS: &[(&str, &str)] = &[];

/// Every circle of files, and exceptions that nothing needs.
pub(super) fn check(files: &[Source<'_>]) -> Vec<String> {
    let mut findings = all(files);
    for (folder, _) in EXCEPTIONS {
        let before = findings.len();
        findings.retain(|finding| !finding.contains(&format!(": {folder}/")));
        if findings.len() == before {
            findings.push(format!("{folder} has no circle and needs no exception"));
        }
    }
    findings
}

fn all(files: &[Source<'_>]) -> Vec<String> {
    let sources = Sources::new(files);
    let roots = files.iter().enumerate().filter(|(_, file)| is_root(file.path));
    roots
        .flat_map(|(root, _)| findings(&sources, &needs(&Modules::read(&sources, root))))
        .collect()
}

fn is_root(path: &str) -> bool {
    path.ends_with("src/lib.rs") || path.ends_with("src/main.rs") || path.contains("/src/bin/")
}

fn findings(sources: &Sources<'_, '_>, needs: &Graph<Need>) -> Vec<String> {
    circles(needs)
        .iter()
        .map(|circle| describe(sources, needs, circle))
        .collect()
}

fn describe(sources: &Sources<'_, '_>, needs: &Graph<Need>, circle: &[usize]) -> String {
    let path = |file: usize| sources.files.get(file).map_or("", |file| file.path);
    let next = circle.iter().cycle().skip(1);
    let steps: Vec<String> = circle
        .iter()
        .zip(next)
        .filter_map(|(from, to)| {
            let need = needs.get(from)?.get(to)?;
            Some(format!("{}:{} names {}", path(*from), need.line, need.path))
        })
        .collect();
    format!("circle of {} files: {}", circle.len(), steps.join(", "))
}

/// Which file needs which.
fn needs(modules: &Modules) -> Graph<Need> {
    let mut graph: Graph<Need> = BTreeMap::new();
    for (index, module) in modules.all.iter().enumerate() {
        for (target, need) in targets(modules, index, module) {
            let Target::Item(target) = target else {
                continue;
            };
            let Some(file) = modules.all.get(target).map(|target| target.file) else {
                continue;
            };
            if file != module.file {
                graph.entry(module.file).or_default().entry(file).or_insert(need);
            }
        }
    }
    graph
}

fn targets(modules: &Modules, index: usize, module: &Module) -> Vec<(Target, Need)> {
    let mut found = Vec::new();
    let mut add = |line: usize, path: &str, targets: Vec<Target>| {
        let need = |target| {
            let path = path.to_owned();
            (target, Need { line, path })
        };
        found.extend(targets.into_iter().map(need));
    };
    for import in module.imports.iter().filter(|import| !import.name.is_empty()) {
        let mut targets = modules.resolve(index, &import.path);
        // The face of a folder shows what lies in it; that is no need unless the file itself uses it.
        if import.visibility != Visibility::Private && !module.words.contains(&import.name) {
            targets.retain(|target| match target {
                Target::Item(at) | Target::Module(at) => !modules.is_below(*at, index),
            });
        }
        add(import.line, &import.path.join("::"), targets);
    }
    for named in &module.paths {
        add(
            named.line,
            &named.path.join("::"),
            modules.resolve(index, &named.path),
        );
    }
    for import in module.imports.iter().filter(|import| import.name.is_empty()) {
        let line = import.line;
        // `use Enum::*` names the enum.
        let mut opened = modules.resolve(index, &import.path);
        opened.retain(|target| matches!(target, Target::Item(_)));
        add(line, &import.path.join("::"), opened);
        for word in module.words.iter().filter(|word| !module.items.contains(*word)) {
            add(line, word, modules.through_globs(index, word));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Files, sources};

    /// Circles of a crate of such files, as `a b`.
    fn read(files: &[(&str, &str)]) -> Vec<String> {
        let texts = files
            .iter()
            .map(|(name, text)| (format!("c/src/{name}.rs"), (*text).to_owned()))
            .collect();
        let mut files = Files { texts };
        files.texts.sort();
        let sources = sources(&files);
        let known = Sources::new(&sources);
        let root = known.by_path["c/src/lib.rs"];
        let graph = needs(&Modules::read(&known, root));
        circles(&graph)
            .iter()
            .map(|circle| {
                let names: Vec<&str> = circle
                    .iter()
                    .map(|file| sources[*file].path)
                    .map(|path| path.trim_start_matches("c/src/").trim_end_matches(".rs"))
                    .collect();
                names.join(" ")
            })
            .collect()
    }

    #[test]
    fn siblings() {
        let root = ("lib", "mod a; mod b; pub use a::A;");
        let cases: &[(&str, &str, &[&str])] = &[
            ("use crate::b::B; pub struct A;", "pub struct B;", &[]),
            (
                "use crate::b::B; pub struct A;",
                "use super::a::A; pub struct B;",
                &["a b"],
            ),
            // Through the face of the crate.
            (
                "use crate::b::B; pub struct A;",
                "use crate::A; pub struct B;",
                &["a b"],
            ),
            (
                "pub struct A; fn f() { crate::b::g() }",
                "pub fn g() { m!(super::a::A) }",
                &["a b"],
            ),
            (
                "use super::b; pub struct A; fn f() { b::g() }",
                "use crate::A; pub fn g() {}",
                &["a b"],
            ),
            // Tests and comments do not count.
            (
                "use crate::b::B; pub struct A;",
                "pub struct B; #[cfg(test)] mod t { use crate::A; }",
                &[],
            ),
            (
                "use crate::b::B; pub struct A;",
                "pub struct B; #[cfg(test)] use crate::A; // crate::A",
                &[],
            ),
            (
                "use super::b::*; pub struct A(B);",
                "use crate::A; pub struct B;",
                &["a b"],
            ),
            (
                "use super::b::*; pub struct A;",
                "use crate::A; pub struct B;",
                &[],
            ),
            (
                "use super::b::E::C; pub struct A;",
                "use crate::A as X; pub enum E { C }",
                &["a b"],
            ),
            // A macro defines what nothing else does.
            (
                "use super::b::M; pub struct A;",
                "use crate::A; make!(M);",
                &["a b"],
            ),
        ];
        for (a, b, expected) in cases {
            assert_eq!(read(&[root, ("a", a), ("b", b)]), *expected, "{a} | {b}");
        }
    }

    #[test]
    fn parents() {
        let cases: &[(&str, &str, &[&str])] = &[
            // The face of a folder is no need.
            (
                "mod b; pub use b::B; pub struct A;",
                "use super::A; pub struct B;",
                &[],
            ),
            (
                "mod b; use b::B; pub struct A;",
                "use super::A; pub struct B;",
                &["a/b a/mod"],
            ),
            (
                "mod b; pub use b::B; pub struct A(B);",
                "use super::A; pub struct B;",
                &["a/b a/mod"],
            ),
            (
                "mod b; pub struct A(b::B);",
                "use super::A; pub struct B;",
                &["a/b a/mod"],
            ),
            // What a parent imports only leads on.
            (
                "mod b; use b::B; use crate::C; pub struct A;",
                "use super::C; pub struct B;",
                &[],
            ),
            (
                "mod b { use super::A; pub struct B; } use b::B; pub struct A;",
                "",
                &[],
            ),
        ];
        for (a, b, expected) in cases {
            let files = [
                ("lib", "mod a; mod c; use c::C;"),
                ("c", "pub struct C;"),
                ("a/mod", a),
                ("a/b", b),
            ];
            assert_eq!(read(&files), *expected, "{a} | {b}");
        }
    }
}
