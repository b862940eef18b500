//! Denied packets: reported one by one, as far as the rules log them ([`packets`], [`mod@line`]), and counted
//! ([`reporter`]).

mod line;
mod packets;
mod reporter;

pub use line::denial_line;
pub use packets::DeniedPackets;
pub(crate) use reporter::DenialReporter;
