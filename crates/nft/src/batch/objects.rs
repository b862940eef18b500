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
    pub(in crate::batch) const DESTROY_ELEMENTS: u16 = 30;
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
        // Without NLM_F_EXCL the kernel takes a table of this name that is there for the new one.
        self.new_table(Action::Create, table, flag::EXCL)
    }

    fn new_table(&mut self, action: Action, table: &Table, flags: u16) -> &mut Self {
        let operation = Self::operation(action, ObjectKind::Table, table, "");
        let flags = flag::CREATE | flags;
        self.push(operation, message::NEW_TABLE, flags, |writer| {
            table.encode(writer);
        })
    }

    /// Deletes a table with all that is in it.
    pub fn delete_table(&mut self, table: &Table) -> &mut Self {
        let operation = Self::operation(Action::Delete, ObjectKind::Table, table, "");
        self.push(operation, message::DELETE_TABLE, 0, |writer| {
            table.encode_name(writer);
        })
    }

    /// Replaces a table that may be there, whatever its flags, by an empty one; fails if another connection
    /// owns it (`EPERM`).
    pub fn replace_table(&mut self, table: &Table) -> &mut Self {
        // NFT_MSG_DESTROYTABLE would need Linux 6.3. Adding the table first makes the deletion succeed on
        // every kernel. The addition has no flags: the kernel then leaves those of a table that is there.
        let operation = Self::operation(Action::Add, ObjectKind::Table, table, "");
        self.push(operation, message::NEW_TABLE, flag::CREATE, |writer| {
            table.encode_name(writer);
        });
        self.delete_table(table).create_table(table)
    }
}

/// Chains.
impl Batch {
    /// Adds a chain, or changes the policy of a base chain that is there.
    pub fn add_chain(&mut self, table: &Table, chain: &Chain) -> &mut Self {
        let operation = Self::operation(Action::Add, ObjectKind::Chain, table, &chain.name);
        self.push(operation, message::NEW_CHAIN, flag::CREATE, |writer| {
            chain.encode(table.family, &table.name, writer);
        })
    }

    /// Deletes a chain with its rules; no rule or element may lead to it (`EBUSY`).
    pub fn delete_chain(&mut self, table: &Table, name: &str) -> &mut Self {
        let operation = Self::operation(Action::Delete, ObjectKind::Chain, table, name);
        self.push(operation, message::DELETE_CHAIN, 0, |writer| {
            Chain::encode_name(&table.name, name, writer);
        })
    }

    /// Deletes the rules of a chain.
    pub fn flush_chain(&mut self, table: &Table, name: &str) -> &mut Self {
        let operation = Self::operation(Action::Flush, ObjectKind::Chain, table, name);
        // NFT_MSG_DELRULE without a handle means all rules of the chain.
        self.push(operation, message::DELETE_RULE, 0, |writer| {
            Rule::encode_handle(&table.name, name, None, writer);
        })
    }
}

/// Rules. The kernel knows a rule by its handle, which [`Connection::rules`](crate::Connection::rules) lists.
impl Batch {
    /// Adds a rule behind all others of its chain.
    pub fn add_rule(&mut self, table: &Table, chain: &str, rule: &Rule) -> &mut Self {
        let operation = Self::operation(Action::Add, ObjectKind::Rule, table, chain);
        let compiled = match compile(rule, table.family, self.next_set.saturating_add(1)) {
            Ok(compiled) => compiled,
            Err(reason) => return self.fail(operation, reason),
        };
        // A rule can refer to an anonymous set only if the set was added before it in the same batch.
        for anonymous in &compiled.sets {
            self.add_anonymous(table, anonymous);
        }
        // Without NLM_F_APPEND the kernel would put the rule before all others.
        self.push(
            operation,
            message::NEW_RULE,
            flag::CREATE | flag::APPEND,
            |writer| {
                Rule::encode_handle(&table.name, chain, None, writer);
                rule.encode_body(&compiled.expressions, writer);
            },
        )
    }

    /// Deletes a rule.
    pub fn delete_rule(&mut self, table: &Table, chain: &str, handle: u64) -> &mut Self {
        let mut operation = Self::operation(Action::Delete, ObjectKind::Rule, table, chain);
        operation.handle = Some(handle);
        self.push(operation, message::DELETE_RULE, 0, |writer| {
            Rule::encode_handle(&table.name, chain, Some(handle), writer);
        })
    }
}

/// Sets, maps and counters.
impl Batch {
    /// Adds a set or map, or accepts one of the same types that is there.
    pub fn add_set(&mut self, table: &Table, set: &Set) -> &mut Self {
        // Elements and rules of the same batch name the set; the kernel still wants a number that is unique
        // in the batch.
        self.next_set = self.next_set.saturating_add(1);
        let id = self.next_set;
        let operation = Self::operation(Action::Add, ObjectKind::Set, table, &set.name);
        self.push(operation, message::NEW_SET, flag::CREATE, |writer| {
            set.encode(&table.name, id, false, writer);
        })
    }

    /// Deletes a set or map with its elements; no rule may use it (`EBUSY`).
    pub fn delete_set(&mut self, table: &Table, name: &str) -> &mut Self {
        let operation = Self::operation(Action::Delete, ObjectKind::Set, table, name);
        self.push(operation, message::DELETE_SET, 0, |writer| {
            Set::encode_name(&table.name, name, writer);
        })
    }

    /// Adds a counter, or accepts one that is there, which keeps its values.
    pub(crate) fn add_counter(&mut self, table: &Table, counter: &Counter) -> &mut Self {
        let operation = Self::operation(Action::Add, ObjectKind::Counter, table, &counter.name);
        self.push(operation, message::NEW_OBJECT, flag::CREATE, |writer| {
            counter.encode(&table.name, writer);
        })
    }
}
