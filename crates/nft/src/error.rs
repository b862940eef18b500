//! Errors.

use std::fmt;
use std::io;
use std::sync::Arc;

use thiserror::Error;

use crate::batch::Operation;
use crate::netlink::Malformed;
use crate::statement::InvalidReason;

/// Why something could not be done.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// The socket could not be opened, or does not work.
    #[error("netlink socket: {what}")]
    Socket {
        /// What failed.
        what: &'static str,
        /// Why.
        source: Arc<io::Error>,
    },
    /// An operation cannot be sent.
    #[error("{operation}: {reason}")]
    Invalid {
        /// The operation.
        operation: Box<Operation>,
        /// Why.
        reason: Box<InvalidReason>,
    },
    /// The kernel refused the batch; nothing of it was applied.
    #[error("the kernel refused the batch: {0}")]
    Rejected(Rejection),
    /// The kernel refused a request that is not part of a batch.
    #[error("the kernel refused to {what}: {}", io::Error::from_raw_os_error(*errno))]
    Refused {
        /// What was requested.
        what: &'static str,
        /// The number of the error.
        errno: i32,
    },
    /// The table belongs to another connection, and so only that may change it.
    #[error(
        "table {table} belongs to another program, whose netlink port is {owner} (usually its process ID)"
    )]
    Owned {
        /// Family and name of the table.
        table: String,
        /// The connection that owns it ([`Connection::port`](crate::Connection::port)).
        owner: u32,
    },
    /// The kernel's answer is not netlink.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// The kernel did not answer.
    #[error("the kernel did not answer")]
    NoAnswer,
    /// Objects changed each time that they were listed.
    #[error("the objects changed during every attempt to list them")]
    Interrupted,
}

/// The failures that a message names: the first ones explain the others.
const TOLD: usize = 3;

/// The operations of a batch that the kernel refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The operations at fault, in their order.
    pub failures: Vec<Failure>,
    /// There were more errors than the socket could hold.
    pub truncated: bool,
}

/// Why the kernel refused an operation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Which message of the batch it was; nothing if the batch as a whole was refused.
    pub index: Option<usize>,
    /// The operation.
    pub operation: Option<Operation>,
    /// Which of the elements given to the operation, where the kernel tells.
    pub element: Option<usize>,
    /// The number of the error (`libc::ENOENT` and so on).
    pub errno: i32,
    /// The kernel's explanation, which it seldom gives.
    pub text: Option<String>,
    /// Octet of the message where the attribute at fault starts, where the kernel tells.
    pub offset: Option<usize>,
}

impl Error {
    pub(crate) fn socket(what: &'static str, source: io::Error) -> Self {
        let source = Arc::new(source);
        Self::Socket { what, source }
    }

    /// The number of the kernel's error, if it gave one; of a batch, that of the first operation at fault.
    pub fn errno(&self) -> Option<i32> {
        match self {
            Self::Rejected(rejection) => rejection.failures.first().map(|failure| failure.errno),
            Self::Refused { errno, .. } => Some(*errno),
            Self::Socket { source, .. } => source.raw_os_error(),
            _ => None,
        }
    }

    /// Whether the kernel refused the batch because of a newer generation than
    /// [expected](crate::Batch::expect_generation).
    pub fn is_stale(&self) -> bool {
        match self {
            Self::Rejected(rejection) => rejection.failures.iter().any(Failure::is_stale),
            _ => false,
        }
    }
}

impl Failure {
    fn is_stale(&self) -> bool {
        // The kernel checks the generation at the beginning of a batch, which is no operation.
        self.index.is_none() && self.errno == libc::ERESTART
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, failure) in self.failures.iter().take(TOLD).enumerate() {
            if index > 0 {
                formatter.write_str("; ")?;
            }
            write!(formatter, "{failure}")?;
        }
        let more = self.failures.len().saturating_sub(TOLD);
        if more > 0 {
            write!(formatter, "; and {more} more")?;
        } else if self.truncated {
            formatter.write_str("; and more")?;
        }
        Ok(())
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = &self.operation {
            write!(formatter, "{operation}")?;
        } else {
            formatter.write_str("batch")?;
        }
        if let Some(element) = self.element {
            write!(formatter, ", element {element}")?;
        }
        write!(formatter, ": {}", io::Error::from_raw_os_error(self.errno))?;
        if let Some(text) = &self.text {
            write!(formatter, " ({text})")?;
        }
        Ok(())
    }
}
