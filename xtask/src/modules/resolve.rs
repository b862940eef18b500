//! Which module defines what a path names.

use super::tree::{Module, Modules};

/// Imports that lead to imports end; a circle of them must, too.
const DEPTH: usize = 16;

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Target {
    /// A module itself.
    Module(usize),
    /// Something that this module defines.
    Item(usize),
}

impl Modules {
    /// What a path that stands in a module leads to; nothing if that is in another crate. Types and
    /// functions may have one name, so there may be several.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Vec<Target> {
        self.from(module, path, DEPTH)
    }

    /// What one name leads to through what a module imports with `*`.
    pub(crate) fn through_globs(&self, module: usize, name: &str) -> Vec<Target> {
        self.globs(module, &[name.to_owned()], DEPTH)
    }

    fn from(&self, module: usize, path: &[String], depth: usize) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return vec![Target::Module(module)];
        };
        if depth == 0 {
            return Vec::new();
        }
        match first.as_str() {
            "crate" => self.walk(0, rest, depth),
            "self" => self.walk(module, rest, depth),
            "super" => match self.all.get(module).and_then(|module| module.parent) {
                Some(parent) if rest.first().is_some_and(|next| next == "super") => {
                    self.from(parent, rest, depth)
                }
                Some(parent) => self.walk(parent, rest, depth),
                None => Vec::new(),
            },
            _ => self.known(module, path, depth),
        }
    }

    /// A path whose names are all below a module of this crate.
    fn walk(&self, module: usize, path: &[String], depth: usize) -> Vec<Target> {
        if path.is_empty() {
            return vec![Target::Module(module)];
        }
        let found = self.known(module, path, depth);
        // A macro has made what nothing else defines.
        let is_made = self.all.get(module).is_some_and(|module| module.has_calls);
        if found.is_empty() && is_made {
            return vec![Target::Item(module)];
        }
        found
    }

    fn known(&self, module: usize, path: &[String], depth: usize) -> Vec<Target> {
        let (Some(here), Some((first, rest))) = (self.all.get(module), path.split_first()) else {
            return Vec::new();
        };
        let mut found = Vec::new();
        if here.items.contains(first) {
            found.push(Target::Item(module));
        }
        if let Some(child) = here.children.get(first)
            && (found.is_empty() || !rest.is_empty())
        {
            found.extend(self.walk(*child, rest, depth));
        }
        found.extend(self.imported(module, here, path, depth));
        if found.is_empty() {
            found = self.globs(module, path, depth);
        }
        found
    }

    fn imported(&self, module: usize, here: &Module, path: &[String], depth: usize) -> Vec<Target> {
        let Some((first, rest)) = path.split_first() else {
            return Vec::new();
        };
        let imports = here.imports.iter().filter(|import| import.name == *first);
        imports
            // `use a;` of another crate would lead to itself.
            .filter(|import| import.path.first() != Some(first))
            .flat_map(|import| {
                let path: Vec<String> = import.path.iter().chain(rest).cloned().collect();
                self.from(module, &path, depth - 1)
            })
            .collect()
    }

    fn globs(&self, module: usize, path: &[String], depth: usize) -> Vec<Target> {
        let Some(here) = self.all.get(module).filter(|_| depth > 0) else {
            return Vec::new();
        };
        let globs = here.imports.iter().filter(|import| import.name.is_empty());
        globs
            .flat_map(|import| self.from(module, &import.path, depth - 1))
            .filter_map(|target| match target {
                Target::Module(opened) if opened != module => Some(opened),
                _ => None,
            })
            .flat_map(|opened| self.known(opened, path, depth - 1))
            .collect()
    }
}
