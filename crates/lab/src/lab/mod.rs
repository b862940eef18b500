//! A lab: [`start`]ed, asked while it is [`running`], ended; and [`mod@command`]s for one of another process.

mod command;
mod node;
mod remains;
mod running;
mod start;
mod starter;

pub use self::command::{command, down};
pub use self::running::Lab;
pub use self::start::Progress;
pub use self::starter::Starter;
