//! Rust files as the rules read them: tokens, items, comments, and which of them are tests.

mod comments;
mod file;
mod lexer;
mod outline;
mod walk;

pub(crate) use comments::comment_lines;
pub(crate) use file::{Source, folder_of_children, sources};
pub(crate) use lexer::{Kind, Token, tokens};
pub(crate) use outline::{Item, ItemKind, Visibility, group_length, outline};
pub(crate) use walk::Files;
