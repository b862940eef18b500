//! What a table is to hold, as the attributes that make it.

use std::collections::BTreeMap;

use crate::expression::Expression;
use crate::netlink::Writer;
use crate::object::{Chain, Element, Rule, Set, Table};
use crate::ruleset::Ruleset;
use crate::statement::{Compiled, compile};

/// What a table is to hold, by name.
pub(crate) struct Wanted<'a> {
    pub(crate) sets: BTreeMap<&'a str, WantedSet<'a>>,
    pub(crate) chains: BTreeMap<&'a str, WantedChain>,
}

/// A set or map.
pub(crate) struct WantedSet<'a> {
    pub(crate) set: &'a Set,
    pub(crate) elements: &'a [Element],
    pub(crate) attributes: Vec<u8>,
}

/// A chain.
pub(crate) struct WantedChain {
    pub(crate) attributes: Vec<u8>,
    pub(crate) rules: Vec<Body>,
}

/// What a rule does.
pub(crate) enum Body {
    /// Its list of expressions.
    Expressions(Vec<u8>),
    /// Not comparable: the kernel lists anonymous sets by the names that it chose, and several expressions of
    /// a dynset otherwise than they were sent.
    Unlisted,
    /// No such rule can be.
    Impossible,
}

impl<'a> Wanted<'a> {
    pub(crate) fn of(ruleset: &'a Ruleset) -> Self {
        let table = &ruleset.table;
        let sets = ruleset.sets.iter();
        let chains = ruleset.chains.iter();
        Self {
            sets: sets
                .map(|(set, elements)| (set.name.as_str(), WantedSet::of(table, set, elements)))
                .collect(),
            chains: chains
                .map(|(chain, rules)| (chain.name.as_str(), WantedChain::of(table, chain, rules)))
                .collect(),
        }
    }
}

impl<'a> WantedSet<'a> {
    fn of(table: &Table, set: &'a Set, elements: &'a [Element]) -> Self {
        Self {
            set,
            elements,
            // Without the number within a batch, which the kernel does not keep.
            attributes: written(|writer| set.encode_definition(&table.name, false, writer)),
        }
    }

    /// Whether its elements stay as they are given: rules add none, and time takes none away.
    pub(crate) fn is_constant(&self) -> bool {
        !self.set.dynamic && !self.set.timeouts && self.set.timeout.is_none()
    }
}

impl WantedChain {
    fn of(table: &Table, chain: &Chain, rules: &[Rule]) -> Self {
        Self {
            attributes: written(|writer| chain.encode(table.family, &table.name, writer)),
            rules: rules.iter().map(|rule| Body::of(table, rule)).collect(),
        }
    }
}

impl Body {
    fn of(table: &Table, rule: &Rule) -> Self {
        // Any number would do: rules with sets of their own are not compared.
        match compile(rule, table.family, 1) {
            Ok(compiled) if is_listed_alike(&compiled) => Self::Expressions(written(|writer| {
                Rule::encode_expressions(&compiled.expressions, writer);
            })),
            Ok(_) => Self::Unlisted,
            Err(_) => Self::Impossible,
        }
    }
}

fn is_listed_alike(rule: &Compiled) -> bool {
    let several = |expression: &Expression| match expression {
        Expression::Dynset { expressions, .. } => expressions.len() > 1,
        _ => false,
    };
    // A single expression of a dynset is listed as it was sent.
    rule.sets.is_empty() && !rule.expressions.iter().any(several)
}

fn written(fill: impl FnOnce(&mut Writer)) -> Vec<u8> {
    let mut writer = Writer::default();
    fill(&mut writer);
    writer.finish()
}
