//! What a library offers to others.

use std::collections::{BTreeMap, BTreeSet};

use crate::modules::{Definition, DefinitionKind, Modules, Target};
use crate::source::Visibility;

/// Something that others can name.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) struct Offer {
    /// Index of the file.
    pub(super) file: usize,
    pub(super) line: usize,
    /// `Type::function` for a function of a type.
    pub(super) name: String,
    /// Names that use it: its own, and those under which it is exported.
    pub(super) names: BTreeSet<String>,
}

/// Everything that can be reached from the root of a library, but for what stands in the face of something
/// else there: that has to be public.
pub(super) fn offers(modules: &Modules) -> Vec<Offer> {
    let mut reach = Reach {
        modules,
        opened: BTreeSet::new(),
        items: BTreeMap::new(),
    };
    reach.open(0);
    reach.offers()
}

struct Reach<'m> {
    modules: &'m Modules,
    opened: BTreeSet<usize>,
    /// Modules and names of reached items, with the names of exports.
    items: BTreeMap<(usize, String), BTreeSet<String>>,
}

impl Reach<'_> {
    /// Everything public in a module is reached.
    fn open(&mut self, index: usize) {
        let Some(module) = self.modules.all.get(index) else {
            return;
        };
        if !self.opened.insert(index) {
            return;
        }
        let is_public =
            |one: &&Definition| one.kind == DefinitionKind::Item && one.visibility == Visibility::Public;
        for definition in module.definitions.iter().filter(is_public) {
            self.item(index, &definition.name, &definition.name);
        }
        for child in module.children.values() {
            if self.modules.all.get(*child).is_some_and(|child| child.is_public) {
                self.open(*child);
            }
        }
        let exports = module
            .imports
            .iter()
            .filter(|import| import.visibility == Visibility::Public);
        for export in exports {
            for target in self.modules.resolve(index, &export.path) {
                match (target, export.path.last()) {
                    (Target::Module(opened), _) => self.open(opened),
                    (Target::Item(at), Some(name)) => self.item(at, name, &export.name),
                    (Target::Item(_), None) => {}
                }
            }
        }
    }

    fn item(&mut self, module: usize, name: &str, export: &str) {
        let names = self.items.entry((module, name.to_owned())).or_default();
        names.insert(export.to_owned());
    }

    fn offers(&self) -> Vec<Offer> {
        let face = self.face();
        let mut offers: Vec<Offer> = Vec::new();
        for (module, definition, names) in self.definitions() {
            let is_needed = face.contains(&definition.name);
            if definition.kind == DefinitionKind::Item && !is_needed {
                offers.push(self.offer(module, &definition.name, definition, names.clone()));
            }
            for member in &definition.members {
                let name = format!("{}::{}", definition.name, member.name);
                offers.push(self.offer(module, &name, member, BTreeSet::from([member.name.clone()])));
            }
        }
        offers.sort();
        offers
    }

    fn offer(&self, module: usize, name: &str, definition: &Definition, names: BTreeSet<String>) -> Offer {
        Offer {
            file: self.modules.all.get(module).map_or(0, |module| module.file),
            line: definition.line,
            name: name.to_owned(),
            names,
        }
    }

    /// Reached items and all implementations of reached types.
    fn definitions(&self) -> impl Iterator<Item = (usize, &Definition, &BTreeSet<String>)> {
        let types: BTreeMap<&str, &BTreeSet<String>> = self
            .items
            .iter()
            .map(|((_, name), names)| (name.as_str(), names))
            .collect();
        let modules = self.modules.all.iter().enumerate();
        let all = modules.flat_map(|(index, module)| module.definitions.iter().map(move |one| (index, one)));
        all.filter_map(move |(index, one)| {
            let names = match one.kind {
                DefinitionKind::Item => self.items.get(&(index, one.name.clone()))?,
                // An implementation may stand in another module than its type.
                DefinitionKind::Inherent | DefinitionKind::OfTrait => {
                    types.get(one.name.as_str()).copied()?
                }
            };
            Some((index, one, names))
        })
    }

    /// Names in the faces of all that is reached.
    fn face(&self) -> BTreeSet<&String> {
        let mut face = BTreeSet::new();
        for (_, definition, _) in self.definitions() {
            if definition.kind != DefinitionKind::Inherent {
                face.extend(&definition.face);
            }
            face.extend(definition.members.iter().flat_map(|member| &member.face));
        }
        face
    }
}
