//! Operations on elements, split into messages of a size that the kernel takes.

use super::objects::message;
use super::{Action, Batch, ObjectKind};
use crate::netlink::{Writer, flag};
use crate::object::{Element, ListedElement, Set, Table, encode_intervals};
use crate::statement::AnonymousSet;

/// Octets of a list of elements: the length field of the attribute around it has 16 bits, and one more
/// element must fit.
const LIST: usize = 48 * 1024;
/// Most elements of a list.
const ELEMENTS: usize = 1_000;

/// `enum nft_set_elem_list_attributes`
pub(crate) mod attribute {
    pub(crate) const TABLE: u16 = 1;
    pub(crate) const SET: u16 = 2;
    pub(crate) const ELEMENTS: u16 = 3;
    pub(crate) const SET_ID: u16 = 4;
}

/// What is done to the elements of a set.
#[derive(Clone, Copy)]
struct Task<'a> {
    action: Action,
    message: u16,
    flags: u16,
    table: &'a Table,
    set: &'a Set,
    id: Option<u32>,
}

impl Batch {
    /// Adds elements. One that is there already with the same data stays; with other data it is an error
    /// (`EEXIST`): delete it before, in the same batch.
    pub fn add_elements(&mut self, table: &Table, set: &Set, elements: &[Element]) -> &mut Self {
        self.checked(
            Action::Add,
            message::NEW_ELEMENTS,
            flag::CREATE,
            table,
            set,
            elements,
        )
    }

    /// Deletes elements, which must be there (`ENOENT`). Only keys matter.
    pub fn delete_elements(&mut self, table: &Table, set: &Set, elements: &[Element]) -> &mut Self {
        self.checked(Action::Delete, message::DELETE_ELEMENTS, 0, table, set, elements)
    }

    /// Deletes elements, if they are there (Linux 6.3). Only keys matter.
    pub fn destroy_elements(&mut self, table: &Table, set: &Set, elements: &[Element]) -> &mut Self {
        self.checked(
            Action::Destroy,
            message::DESTROY_ELEMENTS,
            0,
            table,
            set,
            elements,
        )
    }

    fn checked(
        &mut self,
        action: Action,
        message: u16,
        flags: u16,
        table: &Table,
        set: &Set,
        elements: &[Element],
    ) -> &mut Self {
        let task = Task {
            action,
            message,
            flags,
            table,
            set,
            id: None,
        };
        let removal = matches!(action, Action::Delete | Action::Destroy);
        for element in elements {
            let checked = if removal {
                set.check_key(element)
            } else {
                set.check(element)
            };
            if let Err(reason) = checked {
                let operation = Self::operation(action, ObjectKind::Elements, table, &set.name);
                return self.fail(operation, reason);
            }
        }
        self.lists(task, elements)
    }

    /// Adds a set that belongs to a rule, and its elements.
    pub(super) fn add_anonymous(&mut self, table: &Table, anonymous: &AnonymousSet) {
        // The next set must get another number: the kernel finds sets of the same batch by it.
        self.next_set = self.next_set.max(anonymous.id);
        let AnonymousSet { id, set, elements } = anonymous;
        let operation = Self::operation(Action::Add, ObjectKind::Set, table, &set.name);
        self.push(operation, message::NEW_SET, flag::CREATE, |writer| {
            set.encode(&table.name, *id, true, writer);
        });
        let task = Task {
            action: Action::Add,
            message: message::NEW_ELEMENTS,
            flags: flag::CREATE,
            table,
            set,
            id: Some(*id),
        };
        self.lists(task, elements);
    }

    fn lists(&mut self, task: Task<'_>, elements: &[Element]) -> &mut Self {
        // A range may be cut between two messages: the kernel puts boundaries together by their keys.
        let listed = encode_intervals(task.set, elements);
        let mut rest = listed.as_slice();
        while !rest.is_empty() {
            let (list, count) = encode_list(task, rest);
            let (sent, later) = rest.split_at(count);
            rest = later;
            self.list(task, &list, sent);
        }
        self
    }

    fn list(&mut self, task: Task<'_>, list: &[u8], sent: &[ListedElement<'_>]) {
        let operation = Self::operation(task.action, ObjectKind::Elements, task.table, &task.set.name);
        // A range of the caller may be two elements of the kernel: errors name those of the caller.
        let index = |element: &ListedElement<'_>| u32::try_from(element.index).unwrap_or(u32::MAX);
        let elements = sent.iter().map(index).collect();
        self.push_elements(operation, task.message, task.flags, elements, |writer| {
            writer.text(attribute::TABLE, &task.table.name);
            writer.text(attribute::SET, &task.set.name);
            // The kernel chooses the name of an anonymous set: only the number identifies it.
            if let Some(id) = task.id {
                writer.u32(attribute::SET_ID, id);
            }
            writer.nested_bytes(attribute::ELEMENTS, list);
        });
    }
}

/// Encodes as many elements as fit into one list; at least one.
fn encode_list(task: Task<'_>, elements: &[ListedElement<'_>]) -> (Vec<u8>, usize) {
    let only_key = matches!(task.action, Action::Delete | Action::Destroy);
    let mut writer = Writer::default();
    let mut count = 0;
    for element in elements.iter().take(ELEMENTS) {
        if writer.len() > LIST {
            break;
        }
        writer.nested(1, |writer| element.encode(only_key, task.set.counters, writer));
        count += 1;
    }
    (writer.finish(), count)
}
