//! Sets of fields after a schema has changed: where a map or list became whole, whoever owned parts of it
//! owns it.

use super::path::PathElement;
use super::set::FieldSet;
use super::types::{Identity, Shape, Type};

/// The set as the type has it now. Parts of what is whole become the whole; the other way, a whole stays one
/// until somebody writes it.
pub(super) fn reconciled(set: &FieldSet, ty: Type<'_>) -> FieldSet {
    let mut now = set.clone();
    if matches!(ty, Type::Deduced) {
        return now;
    }
    for (element, below) in &set.children {
        let child = match element {
            PathElement::Field(name) => ty.field(name),
            _ => ty.item(),
        };
        match child {
            Some(ty) if is_whole(ty) => {
                now.children.remove(element);
                now.members.insert(element.clone());
            }
            Some(ty) => {
                now.children.insert(element.clone(), reconciled(below, ty));
            }
            None => {}
        }
    }
    now
}

fn is_whole(ty: Type<'_>) -> bool {
    match ty.shape(None) {
        Shape::Map { atomic } => atomic,
        Shape::List(list) => list.identity == Identity::None,
        Shape::Scalar(_) => false,
    }
}
