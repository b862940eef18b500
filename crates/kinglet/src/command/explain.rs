//! `kinglet explain`.

use std::process::ExitCode;

use kinglet_config::ExplainTopic;

use crate::failure;
use crate::runtime::asking;

/// The exit code after an error: 1 stands for a connection that is denied.
const ERROR: u8 = 2;

/// Explains a topic.
pub(super) fn run(topic: ExplainTopic) -> ExitCode {
    match asking(crate::explain::run(topic)) {
        Ok(code) => code,
        Err(error) => {
            failure::print(&error);
            ExitCode::from(ERROR)
        }
    }
}
