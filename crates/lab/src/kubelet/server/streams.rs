//! The streams between a client and a program, whatever protocol carries them.

use hyper::body::Bytes;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::kubelet::output::Chunk;
use crate::kubelet::terminal::Size;

/// How many pieces may wait on their way; who sends waits then.
const WAITING: usize = 4;

/// The program's side.
pub(super) struct Streams {
    /// What the client writes; it ends when the client closes it.
    pub(super) stdin: mpsc::Receiver<Bytes>,
    /// Sizes of the client's terminal.
    pub(super) sizes: mpsc::Receiver<Size>,
    /// What the program writes, and in the end its status.
    pub(super) output: mpsc::Sender<Chunk>,
    /// Cancelled when the client has left.
    pub(super) gone: CancellationToken,
}

/// The client's side.
pub(super) struct Carrier {
    /// Dropped when the client closes its input.
    pub(super) stdin: Option<mpsc::Sender<Bytes>>,
    pub(super) sizes: mpsc::Sender<Size>,
    pub(super) output: mpsc::Receiver<Chunk>,
    pub(super) gone: CancellationToken,
}

impl Streams {
    /// Both sides.
    pub(super) fn pair() -> (Self, Carrier) {
        let (stdin_in, stdin) = mpsc::channel(WAITING);
        let (sizes_in, sizes) = mpsc::channel(WAITING);
        let (output, output_out) = mpsc::channel(WAITING);
        let gone = CancellationToken::new();
        let carrier = Carrier {
            stdin: Some(stdin_in),
            sizes: sizes_in,
            output: output_out,
            gone: gone.clone(),
        };
        let streams = Self {
            stdin,
            sizes,
            output,
            gone,
        };
        (streams, carrier)
    }
}

/// The size in a message of a client; `None` for what is no size.
pub(super) fn size(message: &[u8]) -> Option<Size> {
    serde_json::from_slice(message).ok()
}
