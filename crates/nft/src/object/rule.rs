//! Rules.

use super::comment_tlv;
use crate::expression::Expression;
use crate::netlink::Writer;
use crate::statement::Statement;

/// A rule: statements that are evaluated one after another until one does not match or decides. The methods
/// that add statements are in [`statement`](crate::statement).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Rule {
    /// What the rule does.
    pub statements: Vec<Statement>,
    /// At most 127 octets.
    pub comment: Option<String>,
}

/// `enum nft_rule_attributes`
mod attribute {
    pub(super) const TABLE: u16 = 1;
    pub(super) const CHAIN: u16 = 2;
    pub(super) const HANDLE: u16 = 3;
    pub(super) const EXPRESSIONS: u16 = 4;
    pub(super) const USERDATA: u16 = 7;
}

impl Rule {
    /// A rule that does nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement.
    pub fn with(mut self, statement: impl Into<Statement>) -> Self {
        self.statements.push(statement.into());
        self
    }

    /// Sets the comment.
    pub fn comment(mut self, comment: impl Into<String>) -> Self {
        self.comment = Some(comment.into());
        self
    }

    /// Writes the names of table and chain, and the handle of the rule if it has one.
    pub(crate) fn encode_handle(table: &str, chain: &str, handle: Option<u64>, writer: &mut Writer) {
        writer.text(attribute::TABLE, table);
        writer.text(attribute::CHAIN, chain);
        if let Some(handle) = handle {
            writer.u64(attribute::HANDLE, handle);
        }
    }

    pub(crate) fn encode_expressions(expressions: &[Expression], writer: &mut Writer) {
        // The kernel evaluates them in this order, over registers that keep their values from one to the
        // next.
        writer.nested(attribute::EXPRESSIONS, |writer| {
            for expression in expressions {
                writer.nested(1, |writer| expression.encode(writer));
            }
        });
    }

    /// Writes what the rule does.
    pub(crate) fn encode_body(&self, expressions: &[Expression], writer: &mut Writer) {
        Self::encode_expressions(expressions, writer);
        if let Some(comment) = &self.comment {
            writer.bytes(attribute::USERDATA, &comment_tlv(0, comment));
        }
    }
}
