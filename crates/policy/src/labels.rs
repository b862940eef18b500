//! Labels of objects.

use std::collections::BTreeMap;

/// Labels of an object.
pub(crate) type Labels = BTreeMap<Box<str>, Box<str>>;
