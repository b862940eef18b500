//! The entries of a table in Rust code.

use std::collections::BTreeSet;

use crate::source::{Item, ItemKind, Kind, Source, Token, outline};

/// Where the entries of a table are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    /// The `mod x;` lines of a file.
    Modules { file: &'static str },
    /// The strings behind a field name in constants of a file, or of the files of a folder.
    Field {
        path: &'static str,
        /// The only constant that counts; all if there is none.
        constant: Option<&'static str>,
        field: &'static str,
    },
    /// The variants of an enum.
    Variants { file: &'static str, name: &'static str },
}

impl Table {
    /// The file or folder of the table.
    pub(super) fn path(self) -> &'static str {
        match self {
            Self::Modules { file } | Self::Variants { file, .. } => file,
            Self::Field { path, .. } => path,
        }
    }

    /// The entries; none if the file, the folder or the item is gone.
    pub(super) fn entries(self, sources: &[Source<'_>]) -> BTreeSet<String> {
        let of_table = sources.iter().filter(|source| self.is_in(source));
        of_table.flat_map(|source| self.entries_of(source)).collect()
    }

    fn is_in(self, source: &Source<'_>) -> bool {
        match self {
            Self::Modules { file } | Self::Variants { file, .. } => source.path == file,
            Self::Field { path, .. } => {
                let below = source.path.strip_prefix(path);
                below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            }
        }
    }

    fn entries_of(self, source: &Source<'_>) -> BTreeSet<String> {
        let code = source.plain();
        let items = outline(&code);
        match self {
            Self::Modules { .. } => modules(&items),
            Self::Field { constant, field, .. } => {
                let counts = |name: &str| constant.is_none_or(|constant| constant == name);
                let constants = items
                    .iter()
                    .filter(|item| item.kind == ItemKind::Const && counts(item.name));
                constants.flat_map(|item| strings(item.head, field)).collect()
            }
            Self::Variants { name, .. } => items
                .iter()
                .find(|item| item.kind == ItemKind::Enum && item.name == name)
                .and_then(|item| item.body)
                .map_or_else(BTreeSet::new, variants),
        }
    }
}

fn modules(items: &[Item<'_, '_>]) -> BTreeSet<String> {
    let modules = items
        .iter()
        .filter(|item| item.kind == ItemKind::Module && item.body.is_none());
    modules.map(|item| item.name.to_owned()).collect()
}

fn strings(tokens: &[Token<'_>], field: &str) -> BTreeSet<String> {
    let fields = tokens.windows(3).filter_map(|three| match three {
        [name, colon, value] if name.is(field) && colon.is(":") && value.kind == Kind::Text => Some(value),
        _ => None,
    });
    let entries = fields.map(|value| value.text.trim_matches('"').to_owned());
    // An empty text is the default that entries are completed from.
    entries.filter(|entry| !entry.is_empty()).collect()
}

/// Names at the depth of the enum that begin a variant.
fn variants(body: &[Token<'_>]) -> BTreeSet<String> {
    let mut depth = 0_usize;
    let mut begins = true;
    let mut found = BTreeSet::new();
    for token in body {
        match token.text {
            "(" | "{" | "[" => depth += 1,
            ")" | "}" | "]" => depth = depth.saturating_sub(1),
            "," if depth == 0 => begins = true,
            name if depth == 0 && begins && token.kind == Kind::Ident => {
                found.insert(name.to_owned());
                begins = false;
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables() {
        let text = "mod a; pub mod b; mod c {} #[cfg(test)] mod tests;\n\
                    enum V { #[doc = \"x\"] G(H), I { j: K }, #[m(n)] L = 1 }";
        let sources = [
            Source::new("a.rs", text),
            Source::new("f/b.rs", "const T: &[E] = &[E { name: \"g\" }];"),
            Source::new("f/c.rs", "const U: E = E { name: \"h\", f: 1 };"),
        ];
        for (table, expected) in [
            (Table::Modules { file: "a.rs" }, &["a", "b"][..]),
            (
                Table::Field {
                    path: "f",
                    constant: None,
                    field: "name",
                },
                &["g", "h"],
            ),
            (
                Table::Field {
                    path: "f/b.rs",
                    constant: Some("T"),
                    field: "name",
                },
                &["g"],
            ),
            (
                Table::Variants {
                    file: "a.rs",
                    name: "V",
                },
                &["G", "I", "L"],
            ),
            (Table::Modules { file: "b.rs" }, &[]),
            (
                Table::Variants {
                    file: "a.rs",
                    name: "W",
                },
                &[],
            ),
        ] {
            let entries: Vec<String> = table.entries(&sources).into_iter().collect();
            assert_eq!(entries, expected, "{table:?}");
        }
    }
}
