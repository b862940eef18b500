//! What a library makes public is used outside of it.
//!
//! Names are compared, not meanings: a name that any other crate, test, example, fuzz target or documented
//! example mentions is used.

mod public;

use std::collections::{BTreeMap, BTreeSet};

use public::{Offer, offers};

use crate::modules::{Modules, Sources};
use crate::source::{Kind, Source, comment_lines, tokens};

/// `file: name` that may be public though nothing uses it, and why.
const ALLOWED: &[(&str, &str)] = &[];

/// Public items that nothing uses.
pub(super) fn check(files: &[Source<'_>]) -> Vec<String> {
    findings(files, ALLOWED)
}

fn findings(files: &[Source<'_>], allowed: &[(&str, &str)]) -> Vec<String> {
    let sources = Sources::new(files);
    let users = Users::read(files);
    let (mut findings, mut excused) = (Vec::new(), BTreeSet::new());
    for (root, file) in files.iter().enumerate() {
        let Some(folder) = file.path.strip_suffix("src/lib.rs") else {
            continue;
        };
        for offer in offers(&Modules::read(&sources, root)) {
            if offer.names.iter().any(|name| users.uses(folder, name)) {
                continue;
            }
            let (key, finding) = describe(files, &offer);
            match allowed.iter().find(|(name, _)| *name == key) {
                Some((name, _)) => {
                    excused.insert(*name);
                }
                None => findings.push(finding),
            }
        }
    }
    let idle = allowed.iter().filter(|(name, _)| !excused.contains(name));
    findings.extend(idle.map(|(name, _)| format!("{name} is used or gone and needs no exception")));
    findings
}

fn describe(files: &[Source<'_>], offer: &Offer) -> (String, String) {
    let path = files.get(offer.file).map_or("", |file| file.path);
    let (line, name) = (offer.line, &offer.name);
    let finding =
        format!("{path}:{line}: nothing outside of the crate uses {name}: remove it or make it private");
    (format!("{path}: {name}"), finding)
}

/// Who mentions which name.
struct Users<'a> {
    /// Folders of libraries whose own code mentions a name; the empty one stands for all else.
    by_name: BTreeMap<&'a str, BTreeSet<&'a str>>,
}

impl<'a> Users<'a> {
    fn read(files: &[Source<'a>]) -> Self {
        let libraries: Vec<&str> = files
            .iter()
            .filter_map(|file| file.path.strip_suffix("src/lib.rs"))
            .collect();
        let mut users = Self {
            by_name: BTreeMap::new(),
        };
        for file in files {
            let library = libraries.iter().find(|folder| is_in_library(file.path, folder));
            let library = library.copied().unwrap_or_default();
            for token in file.code.iter().filter(|token| token.kind == Kind::Ident) {
                users.by_name.entry(token.text).or_default().insert(library);
            }
            // Examples in documentation are compiled as crates of their own.
            for example in comment_lines(file).iter().filter(|line| line.is_example) {
                for token in tokens(example.text) {
                    users.by_name.entry(token.text).or_default().insert("");
                }
            }
        }
        users
    }

    fn uses(&self, library: &str, name: &str) -> bool {
        let users = self.by_name.get(name);
        users.is_some_and(|users| users.iter().any(|user| *user != library))
    }
}

/// Binaries beside a library are users of it.
fn is_in_library(path: &str, folder: &str) -> bool {
    path.strip_prefix(folder)
        .and_then(|path| path.strip_prefix("src/"))
        .is_some_and(|path| path != "main.rs" && !path.starts_with("bin/"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Files, sources};

    /// Names without users in a library of this root and file `a.rs`, beside a crate with this text.
    fn read(root: &str, a: &str, user: &str) -> Vec<String> {
        let texts = [("c/src/a.rs", a), ("c/src/lib.rs", root), ("d/src/lib.rs", user)]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .to_vec();
        let files = Files { texts };
        let found = findings(&sources(&files), &[]);
        let name = |finding: &String| {
            let name = finding.split(" uses ").nth(1)?.split(':').collect::<Vec<_>>();
            Some(name[..name.len() - 1].join(":"))
        };
        found
            .iter()
            .filter(|finding| finding.starts_with("c/"))
            .filter_map(name)
            .collect()
    }

    #[test]
    fn unused_items() {
        let cases: &[(&str, &str, &str, &[&str])] = &[
            (
                "mod a; pub use a::f;",
                "pub fn f() {} pub fn g() {}",
                "use c::f;",
                &[],
            ),
            ("mod a; pub use a::f;", "pub fn f() {}", "", &["f"]),
            (
                "pub mod a;",
                "pub fn f() {} pub(crate) fn g() {} fn h() {}",
                "",
                &["f"],
            ),
            (
                "pub mod a;",
                "pub fn f() {} #[cfg(test)] mod t { use super::f; }",
                "",
                &["f"],
            ),
            ("mod a; pub use a::*;", "pub const C: u8 = 1;", "", &["C"]),
            ("mod a; pub use a::f as g;", "pub fn f() {}", "c::g()", &[]),
            // What the face of something public needs is public, too.
            ("pub mod a;", "pub fn f() -> S {} pub struct S;", "c::a::f()", &[]),
            ("pub mod a;", "pub struct S(T); pub struct T;", "c::a::S", &["T"]),
            (
                "pub mod a;",
                "pub struct S; impl S { pub fn m(&self) {} fn n() {} }",
                "c::a::S",
                &["S::m"],
            ),
            (
                "pub mod a;",
                "pub struct S; impl T for S { fn m(&self) {} }",
                "c::a::S",
                &[],
            ),
            ("pub mod a;", "struct S; impl S { pub fn m(&self) {} }", "", &[]),
            (
                "pub mod a;",
                "pub struct S; impl S { pub const C: S = S; }",
                "c::a::S",
                &[],
            ),
            // An example in documentation is a user.
            (
                "pub mod a;",
                "/// ```\n/// c::a::f();\n/// ```\npub fn f() {}",
                "",
                &[],
            ),
            ("pub mod a;", "/// See f.\npub fn f() {}", "", &["f"]),
        ];
        for (root, a, user, expected) in cases {
            assert_eq!(read(root, a, user), *expected, "{root} | {a} | {user}");
        }
    }

    #[test]
    fn exceptions_are_needed() {
        let text = "pub fn f() {}";
        let sources = [Source::new("c/src/lib.rs", text)];
        assert_eq!(findings(&sources, &[]).len(), 1);
        assert_eq!(findings(&sources, &[("c/src/lib.rs: f", "reason")]).len(), 0);
        assert_eq!(findings(&sources, &[("c/src/lib.rs: g", "reason")]).len(), 2);
    }
}
