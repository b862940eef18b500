//! The entries of a table in Rust code.

use std::collections::BTreeSet;

use crate::source::{Item, ItemKind, Kind, Source, Token, outline};

/// Where the entries of a table are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    /// The `mod x;` lines of a file.
    Modules { file: &'static str },
    /// The strings behind a field name in a constant.
    Field {
        file: &'static str,
        constant: &'static str,
        field: &'static str,
    },
    /// The variants of an enum.
    Variants { file: &'static str, name: &'static str },
}

impl Table {
    pub(super) fn file(self) -> &'static str {
        match self {
            Self::Modules { file } | Self::Field { file, .. } | Self::Variants { file, .. } => file,
        }
    }

    /// The entries; none if the file or the item is gone.
    pub(super) fn entries(self, sources: &[Source<'_>]) -> BTreeSet<String> {
        let Some(source) = sources.iter().find(|source| source.path == self.file()) else {
            return BTreeSet::new();
        };
        let code = source.plain();
        let items = outline(&code);
        let item = |kind, name: &str| items.iter().find(|item| item.kind == kind && item.name == name);
        match self {
            Self::Modules { .. } => modules(&items),
            Self::Field { constant, field, .. } => {
                item(ItemKind::Const, constant).map_or_else(BTreeSet::new, |item| strings(item.head, field))
            }
            Self::Variants { name, .. } => item(ItemKind::Enum, name)
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
    fields
        .map(|value| value.text.trim_matches('"').to_owned())
        .collect()
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
                    const T: &[E] = &[E { name: \"d\", f: 1 }, E { name: \"e-f\" }];\n\
                    enum V { #[doc = \"x\"] G(H), I { j: K }, #[m(n)] L = 1 }";
        let sources = [Source::new("a.rs", text)];
        for (table, expected) in [
            (Table::Modules { file: "a.rs" }, &["a", "b"][..]),
            (
                Table::Field {
                    file: "a.rs",
                    constant: "T",
                    field: "name",
                },
                &["d", "e-f"],
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
