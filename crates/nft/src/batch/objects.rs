//! Operations on tables, chains, rules, sets and counters.

use super::{Action, Batch, ObjectKind};
use crate::netlink::flag;
use crate::object::{Chain, Counter, Rule, Set, Table};
use crate::statement::compile;

/// `enum nf_tables_msg_types`
pub(super) mod message {
    pub(in crate::batch) const NEW_TABLE: u16 = 0;
    pub(in crate::batch) const DELETE_TABLE: u16 = 2;
    pub(in crate::batch) const NEW_CHAIN: u16 = 3;
    pub(in crate::batch) const DELETE_CHAIN: u16 = 5;
    pub(in crate::batch) const NEW_RULE: u16 = 6;
    pub(in crate::batch) const DELETE_RULE: u16 = 8;
    pub(in crate::batch) const NEW_SET: u16 = 9;
    pub(in crate::batch) const DELETE_SET: u16 = 11;
    pub(in crate::batch) const NEW_ELEMENTS: u16 = 12;
    pub(in crate::batch) const DELETE_ELEMENTS: u16 = 14;
    pub(in crate::batch) const NEW_OBJECT: u16 = 18;
    pub(in crate::batch) const DELETE_OBJECT: u16 = 20;
    pub(in crate::batch) const DESTROY_TABLE: u16 = 26;
    pub(in crate::batch) const DESTROY_CHAIN: u16 = 27;
    pub(in crate::batch) const DESTROY_RULE: u16 = 28;
    pub(in crate::batch) const DESTROY_SET: u16 = 29;
    pub(in crate::batch) const DESTROY_ELEMENTS: u16 = 30;
    pub(in crate::batch) const DESTROY_OBJECT: u16 = 31;
}

/// Where a rule goes.
#[derive(Clone, Copy)]
enum Place {
    First,
    Last,
    Before(u64),
    After(u64),
    Instead(u64),
}

/// Tables.
impl Batch {
    /// Adds a table, or adopts a persistent one whose owner is gone. Otherwise, a table that is there must
    /// have the same ownership (`EOPNOTSUPP`, `EPERM`); it keeps its comment.
    pub fn add_table(&mut self, table: &Table) -> &mut Self {
        self.new_table(Action::Add, table, 0)
    }

    /// Adds a table that must not be there (`EEXIST`).
    pub fn create_table(&mut self, table: &Table) -> &mut Self {
        self.new_table(Action::Create, table, flag::EXCL)
    }

    fn new_table(&mut self, action: Action, table: &Table, flags: u16) -> &mut Self {
        let operation = Self::operation(action, ObjectKind::Table, table, "");
        let flags = flag::CREATE | flags;
        self.push(operation, message::NEW_TABLE, flags, |writer| {
            table.encode(writer);
        })
    }

    /// Removes a table with all that is in it.
    pub fn delete_table(&mut self, table: &Table) -> &mut Self {
        self.table_message(Action::Delete, message::DELETE_TABLE, table)
    }

    /// Removes a table, if it is there (Linux 6.3).
    pub fn destroy_table(&mut self, table: &Table) -> &mut Self {
        self.table_message(Action::Destroy, message::DESTROY_TABLE, table)
    }

    /// Puts an empty table in the place of one that may be there, whatever its flags, unless somebody else
    /// owns it (`EPERM`). On every kernel.
    pub fn replace_table(&mut self, table: &Table) -> &mut Self {
        // Without flags, the kernel leaves a table as it is.
        let operation = Self::operation(Action::Add, ObjectKind::Table, table, "");
        self.push(operation, message::NEW_TABLE, flag::CREATE, |writer| {
            table.encode_name(writer);
        });
        self.delete_table(table).create_table(table)
    }

    /// Removes all rules of all chains of a table, nothing else.
    pub fn flush_table(&mut self, table: &Table) -> &mut Self {
        let operation = Self::operation(Action::Flush, ObjectKind::Table, table, "");
        self.push(operation, message::DELETE_RULE, 0, |writer| {
            table.encode_name(writer);
        })
    }

    fn table_message(&mut self, action: Action, message: u16, table: &Table) -> &mut Self {
        let operation = Self::operation(action, ObjectKind::Table, table, "");
        self.push(operation, message, 0, |writer| table.encode_name(writer))
    }
}

/// Chains.
impl Batch {
    /// Adds a chain, or changes the policy of a base chain that is there.
    pub fn add_chain(&mut self, table: &Table, chain: &Chain) -> &mut Self {
        self.new_chain(Action::Add, table, chain, 0)
    }

    /// Adds a chain that must not be there (`EEXIST`).
    pub fn create_chain(&mut self, table: &Table, chain: &Chain) -> &mut Self {
        self.new_chain(Action::Create, table, chain, flag::EXCL)
    }

    fn new_chain(&mut self, action: Action, table: &Table, chain: &Chain, flags: u16) -> &mut Self {
        let operation = Self::operation(action, ObjectKind::Chain, table, &chain.name);
        self.push(operation, message::NEW_CHAIN, flag::CREATE | flags, |writer| {
            chain.encode(table.family, &table.name, writer);
        })
    }

    /// Removes a chain with its rules; nothing may lead to it (`EBUSY`).
    pub fn delete_chain(&mut self, table: &Table, name: &str) -> &mut Self {
        self.chain_message(Action::Delete, message::DELETE_CHAIN, table, name)
    }

    /// Removes a chain, if it is there (Linux 6.3).
    pub fn destroy_chain(&mut self, table: &Table, name: &str) -> &mut Self {
        self.chain_message(Action::Destroy, message::DESTROY_CHAIN, table, name)
    }

    /// Removes the rules of a chain.
    pub fn flush_chain(&mut self, table: &Table, name: &str) -> &mut Self {
        let operation = Self::operation(Action::Flush, ObjectKind::Chain, table, name);
        self.push(operation, message::DELETE_RULE, 0, |writer| {
            Rule::encode_place(&table.name, name, None, None, writer);
        })
    }

    fn chain_message(&mut self, action: Action, message: u16, table: &Table, name: &str) -> &mut Self {
        let operation = Self::operation(action, ObjectKind::Chain, table, name);
        self.push(operation, message, 0, |writer| {
            Chain::encode_name(&table.name, name, writer);
        })
    }
}

/// Rules. The kernel knows a rule by its handle, which [`Connection::rules`](crate::Connection::rules) tells.
impl Batch {
    /// Adds a rule behind all others.
    pub fn add_rule(&mut self, table: &Table, chain: &str, rule: &Rule) -> &mut Self {
        self.new_rule(table, chain, rule, Place::Last)
    }

    /// Adds a rule before all others.
    pub fn insert_rule(&mut self, table: &Table, chain: &str, rule: &Rule) -> &mut Self {
        self.new_rule(table, chain, rule, Place::First)
    }

    /// Adds a rule behind another one.
    pub fn add_rule_after(&mut self, table: &Table, chain: &str, handle: u64, rule: &Rule) -> &mut Self {
        self.new_rule(table, chain, rule, Place::After(handle))
    }

    /// Adds a rule before another one.
    pub fn insert_rule_before(&mut self, table: &Table, chain: &str, handle: u64, rule: &Rule) -> &mut Self {
        self.new_rule(table, chain, rule, Place::Before(handle))
    }

    /// Puts a rule in the place of another one.
    pub fn replace_rule(&mut self, table: &Table, chain: &str, handle: u64, rule: &Rule) -> &mut Self {
        self.new_rule(table, chain, rule, Place::Instead(handle))
    }

    fn new_rule(&mut self, table: &Table, chain: &str, rule: &Rule, place: Place) -> &mut Self {
        let (action, flags, handle, position) = match place {
            Place::Last => (Action::Add, flag::CREATE | flag::APPEND, None, None),
            Place::After(other) => (Action::Add, flag::CREATE | flag::APPEND, None, Some(other)),
            Place::First => (Action::Insert, flag::CREATE, None, None),
            Place::Before(other) => (Action::Insert, flag::CREATE, None, Some(other)),
            Place::Instead(other) => (Action::Replace, flag::REPLACE, Some(other), None),
        };
        let mut operation = Self::operation(action, ObjectKind::Rule, table, chain);
        operation.handle = handle.or(position);
        let compiled = match compile(rule, table.family, self.next_set.saturating_add(1)) {
            Ok(compiled) => compiled,
            Err(reason) => return self.fail(operation, reason),
        };
        for anonymous in &compiled.sets {
            self.add_anonymous(table, anonymous);
        }
        self.push(operation, message::NEW_RULE, flags, |writer| {
            Rule::encode_place(&table.name, chain, handle, position, writer);
            rule.encode_body(&compiled.expressions, writer);
        })
    }

    /// Removes a rule.
    pub fn delete_rule(&mut self, table: &Table, chain: &str, handle: u64) -> &mut Self {
        self.rule_message(Action::Delete, message::DELETE_RULE, table, chain, handle)
    }

    /// Removes a rule, if it is there (Linux 6.3).
    pub fn destroy_rule(&mut self, table: &Table, chain: &str, handle: u64) -> &mut Self {
        self.rule_message(Action::Destroy, message::DESTROY_RULE, table, chain, handle)
    }

    fn rule_message(
        &mut self,
        action: Action,
        message: u16,
        table: &Table,
        chain: &str,
        handle: u64,
    ) -> &mut Self {
        let mut operation = Self::operation(action, ObjectKind::Rule, table, chain);
        operation.handle = Some(handle);
        self.push(operation, message, 0, |writer| {
            Rule::encode_place(&table.name, chain, Some(handle), None, writer);
        })
    }
}

/// Sets, maps and counters.
impl Batch {
    /// Adds a set or map, or accepts one of the same types that is there.
    pub fn add_set(&mut self, table: &Table, set: &Set) -> &mut Self {
        self.new_set(Action::Add, table, set, 0)
    }

    /// Adds a set or map that must not be there (`EEXIST`).
    pub fn create_set(&mut self, table: &Table, set: &Set) -> &mut Self {
        self.new_set(Action::Create, table, set, flag::EXCL)
    }

    fn new_set(&mut self, action: Action, table: &Table, set: &Set, flags: u16) -> &mut Self {
        self.next_set = self.next_set.saturating_add(1);
        let id = self.next_set;
        let operation = Self::operation(action, ObjectKind::Set, table, &set.name);
        self.push(operation, message::NEW_SET, flag::CREATE | flags, |writer| {
            set.encode(&table.name, id, false, writer);
        })
    }

    /// Removes a set or map with its elements; no rule may use it (`EBUSY`).
    pub fn delete_set(&mut self, table: &Table, name: &str) -> &mut Self {
        self.set_message(Action::Delete, message::DELETE_SET, table, name)
    }

    /// Removes a set or map, if it is there (Linux 6.3).
    pub fn destroy_set(&mut self, table: &Table, name: &str) -> &mut Self {
        self.set_message(Action::Destroy, message::DESTROY_SET, table, name)
    }

    /// Removes all elements of a set or map.
    pub fn flush_set(&mut self, table: &Table, name: &str) -> &mut Self {
        self.set_message(Action::Flush, message::DELETE_ELEMENTS, table, name)
    }

    fn set_message(&mut self, action: Action, message: u16, table: &Table, name: &str) -> &mut Self {
        let operation = Self::operation(action, ObjectKind::Set, table, name);
        // The names of table and set have the same attributes for sets and for lists of elements.
        self.push(operation, message, 0, |writer| {
            Set::encode_name(&table.name, name, writer);
        })
    }

    /// Adds a counter, or accepts one that is there, which keeps its values.
    pub fn add_counter(&mut self, table: &Table, counter: &Counter) -> &mut Self {
        let operation = Self::operation(Action::Add, ObjectKind::Counter, table, &counter.name);
        self.push(operation, message::NEW_OBJECT, flag::CREATE, |writer| {
            counter.encode(&table.name, writer);
        })
    }

    /// Removes a counter; no rule may use it (`EBUSY`).
    pub fn delete_counter(&mut self, table: &Table, name: &str) -> &mut Self {
        self.counter_message(Action::Delete, message::DELETE_OBJECT, table, name)
    }

    /// Removes a counter, if it is there (Linux 6.3).
    pub fn destroy_counter(&mut self, table: &Table, name: &str) -> &mut Self {
        self.counter_message(Action::Destroy, message::DESTROY_OBJECT, table, name)
    }

    fn counter_message(&mut self, action: Action, message: u16, table: &Table, name: &str) -> &mut Self {
        let operation = Self::operation(action, ObjectKind::Counter, table, name);
        self.push(operation, message, 0, |writer| {
            Counter::encode_name(&table.name, name, writer);
        })
    }
}
