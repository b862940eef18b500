//! The modules of a crate: where they are, what they define, import and name.

use std::collections::{BTreeMap, BTreeSet};

use super::definition::{Definition, definition};
use super::names::{Import, Named, Names};
use crate::source::{Item, ItemKind, Source, Token, Visibility, folder_of_children, outline};

/// One module; those for tests are left out.
#[derive(Default)]
pub(crate) struct Module {
    /// Index of its file.
    pub(crate) file: usize,
    pub(crate) parent: Option<usize>,
    /// `pub mod`, or the root.
    pub(crate) is_public: bool,
    pub(crate) children: BTreeMap<String, usize>,
    /// Names that it defines itself.
    pub(crate) items: BTreeSet<String>,
    /// What others can name, and what implementations here add to it.
    pub(crate) definitions: Vec<Definition>,
    /// A macro is called that may define more.
    pub(crate) has_calls: bool,
    pub(crate) imports: Vec<Import>,
    pub(crate) paths: Vec<Named>,
    pub(crate) words: BTreeSet<String>,
}

/// Modules of a crate; the first is its root.
pub(crate) struct Modules {
    pub(crate) all: Vec<Module>,
}

/// Files of the repository.
pub(crate) struct Sources<'s, 'a> {
    pub(crate) files: &'s [Source<'a>],
    /// Their indices by path.
    pub(crate) by_path: BTreeMap<&'a str, usize>,
}

impl<'s, 'a> Sources<'s, 'a> {
    pub(crate) fn new(files: &'s [Source<'a>]) -> Self {
        let by_path = files.iter().enumerate().map(|(index, file)| (file.path, index));
        Self {
            files,
            by_path: by_path.collect(),
        }
    }
}

impl Modules {
    /// Reads the crate whose root is this file.
    pub(crate) fn read(sources: &Sources<'_, '_>, root: usize) -> Self {
        let mut modules = Self { all: Vec::new() };
        modules.file(sources, root, None);
        modules
    }

    /// Is the module the other one, or inside it?
    pub(crate) fn is_below(&self, module: usize, above: usize) -> bool {
        let parent = |at: &usize| self.all.get(*at).and_then(|module| module.parent);
        std::iter::successors(Some(module), parent).any(|at| at == above)
    }

    fn file(&mut self, sources: &Sources<'_, '_>, file: usize, parent: Option<usize>) -> Option<usize> {
        let source = sources.files.get(file)?;
        let folder = folder_of_children(source.path);
        Some(self.module(sources, &source.plain(), (file, folder), parent))
    }

    fn module(
        &mut self,
        sources: &Sources<'_, '_>,
        tokens: &[Token<'_>],
        (file, folder): (usize, &str),
        parent: Option<usize>,
    ) -> usize {
        let index = self.all.len();
        self.all.push(Module::default());
        let mut module = Module {
            file,
            parent,
            ..Module::default()
        };
        let mut names = Names::default();
        for item in outline(tokens) {
            if item.kind == ItemKind::Module {
                let below = self.child(sources, &item, (file, folder), index);
                if let Some(below) = below {
                    module.children.insert(item.name.to_owned(), below);
                }
                continue;
            }
            if !item.name.is_empty() {
                module.items.insert(item.name.to_owned());
            }
            module.definitions.extend(definition(&item));
            module.has_calls |= item.kind == ItemKind::Call;
            names.read(item.all, item.visibility);
        }
        module.imports = names.imports;
        module.paths = names.paths;
        module.words = names.words.into_iter().collect();
        if let Some(place) = self.all.get_mut(index) {
            *place = module;
        }
        index
    }

    fn child(
        &mut self,
        sources: &Sources<'_, '_>,
        item: &Item<'_, '_>,
        (file, folder): (usize, &str),
        parent: usize,
    ) -> Option<usize> {
        let index = self.all.len();
        let found = self.read_child(sources, item, (file, folder), parent);
        if let Some(child) = self.all.get_mut(index) {
            child.is_public = item.visibility == Visibility::Public;
        }
        found
    }

    fn read_child(
        &mut self,
        sources: &Sources<'_, '_>,
        item: &Item<'_, '_>,
        (file, folder): (usize, &str),
        parent: usize,
    ) -> Option<usize> {
        let below = format!("{folder}/{}", item.name);
        if let Some(body) = item.body {
            return Some(self.module(sources, body, (file, &below), Some(parent)));
        }
        let declared = item.path.map(|path| format!("{folder}/{path}"));
        let places = [format!("{below}.rs"), format!("{below}/mod.rs")];
        let found = declared
            .iter()
            .chain(&places)
            .find_map(|path| sources.by_path.get(path.as_str()))?;
        self.file(sources, *found, Some(parent))
    }
}
