//! Packets that the rules log when they deny them.

use kinglet_nft::{Error, Logged, LoggedPackets};
use kinglet_policy::Denial;
use tokio::io::unix::AsyncFd;

use crate::sys;

/// Octets of each packet that the kernel copies: the headers.
const HEADERS: u32 = 128;
/// How long the kernel collects packets before it hands them over, in hundredths of a second.
const COLLECT: u32 = 10;

/// What receives denied packets, and reports them.
pub struct DeniedPackets {
    packets: LoggedPackets,
    report: Report,
}

/// Reports a denied packet.
type Report = Box<dyn Fn(&Denial) + Send + Sync>;

impl DeniedPackets {
    /// Receives the packets that rules log to an NFLOG group in the network namespace of the calling thread,
    /// and calls `report` for each.
    ///
    /// # Errors
    /// The kernel has no such log, or another program receives the group.
    pub fn open(group: u16, report: impl Fn(&Denial) + Send + Sync + 'static) -> Result<Self, Error> {
        Ok(Self {
            packets: LoggedPackets::open(group, HEADERS, COLLECT)?,
            report: Box::new(report),
        })
    }
}

/// Denied packets in the runtime.
pub(super) struct DeniedStream {
    packets: AsyncFd<LoggedPackets>,
    report: Report,
}

impl DeniedStream {
    /// Nothing if the runtime cannot wait for them.
    pub(super) fn of(denied: DeniedPackets) -> Option<Self> {
        let DeniedPackets { packets, report } = denied;
        match sys::register_log(packets) {
            Ok(packets) => Some(Self { packets, report }),
            Err(error) => {
                tracing::warn!("denied packets are counted, but not logged: {error}");
                None
            }
        }
    }

    pub(super) fn report(&self, denials: &[Denial]) {
        denials.iter().for_each(|denial| (self.report)(denial));
    }

    async fn next(&mut self) -> Vec<Logged> {
        let Ok(mut ready) = self.packets.readable_mut().await else {
            // The runtime is shutting down.
            return std::future::pending().await;
        };
        let received = ready.get_inner_mut().receive();
        // `receive` reads until the socket is empty; without this, tokio would poll it at once.
        ready.clear_ready();
        received.unwrap_or_else(|error| {
            tracing::warn!("denied packets: {error}");
            Vec::new()
        })
    }
}

/// The next packets; never, if none are received.
pub(super) async fn next(stream: &mut Option<DeniedStream>) -> Vec<Logged> {
    match stream {
        Some(stream) => stream.next().await,
        None => std::future::pending().await,
    }
}
