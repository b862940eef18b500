//! One message in, one reply out: what the server can say without waiting.

use kinglet_dns_wire::{MAX_MESSAGE, Name, Rcode, Records, Rejection, Request, Response, header_only};
use kinglet_dns_zone::{Lookup, Snapshot, Soa};

use crate::metrics::{PluginIndex, Status};

/// Class IN.
const CLASS_IN: u16 = 1;

/// How a message came, which limits the reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Transport {
    /// Replies are at most as long as the client says, and at most this long.
    Udp(u16),
    /// Replies are as long as they need to be.
    Tcp,
}

impl Transport {
    /// Longest reply.
    pub(crate) fn limit(self, request: &Request<'_>) -> usize {
        match self {
            Self::Udp(max) => request.udp_limit(max),
            Self::Tcp => MAX_MESSAGE,
        }
    }
}

/// What became of a message.
pub(crate) enum Outcome {
    /// Nothing is sent: not a query.
    Ignored,
    /// The reply says that the message could not be understood.
    Rejected(Rcode),
    /// The reply is written.
    Answered(Status),
    /// An upstream server has to be asked.
    Deferred(Deferred),
}

/// A question for the forwarder.
pub(crate) enum Deferred {
    /// The query as it is.
    Forward,
    /// The addresses of a name outside of the zone, behind these CNAME records.
    Chase {
        /// CNAME records that lead to `target`.
        records: Records<'static>,
        /// Name to ask for.
        target: Name,
        /// For the authority section of an empty answer.
        soa: Soa,
    },
}

/// Answers a message from the snapshot into `out`. `rotation` differs from query to query and chooses which
/// address comes first.
pub(crate) fn answer(
    snapshot: &Snapshot,
    message: &[u8],
    transport: Transport,
    rotation: usize,
    out: &mut Vec<u8>,
) -> Outcome {
    let request = match Request::read(message) {
        Ok(request) => request,
        // Replying to a response would let two servers reply to one another for ever.
        Err(Rejection::Silent) => return Outcome::Ignored,
        Err(Rejection::Code(rcode)) => {
            header_only(message, rcode, out);
            return Outcome::Rejected(rcode);
        }
    };
    // RFC 6891 section 6.1.3: only version 0 is known, and the reply names it.
    if request.edns.as_ref().is_some_and(|edns| edns.version != 0) {
        request.refuse(Rcode::BADVERS, out);
        return Outcome::Rejected(Rcode::BADVERS);
    }
    if request.qclass != CLASS_IN {
        return other_class(snapshot, &request, out);
    }
    // Negative answers are authoritative, too, and carry the SOA: without it they may not be kept (RFC 2308
    // section 5), and clients would repeat each search-path miss.
    let response = |out| Response::new(&request, transport.limit(&request), out).authoritative();
    let negative = |out, soa: Soa, rcode| {
        response(out).authority(soa.as_bytes()).finish(rcode);
        rcode
    };
    let rcode = match snapshot.lookup(&request.name, request.qtype) {
        Lookup::Answer(answer) => {
            let response = response(out).answer(&answer.records, rotation);
            response.additional(&answer.additional).finish(Rcode::NOERROR);
            Rcode::NOERROR
        }
        Lookup::NoData(soa) => negative(out, soa, Rcode::NOERROR),
        Lookup::NameError(soa) => negative(out, soa, Rcode::NXDOMAIN),
        // The name may only not have arrived yet: SERVFAIL makes the client try again, NXDOMAIN would stay in
        // its cache.
        Lookup::Unsynced(soa) => negative(out, soa, Rcode::SERVFAIL),
        Lookup::Refused => {
            request.refuse(Rcode::REFUSED, out);
            Rcode::REFUSED
        }
        Lookup::Fallthrough => return Outcome::Deferred(Deferred::Forward),
        Lookup::Chase(chase) => {
            return Outcome::Deferred(Deferred::Chase {
                // The task outlives the snapshot that this batch holds.
                records: chase.records.into_owned(),
                target: chase.target.clone(),
                soa: chase.soa,
            });
        }
    };
    Outcome::Answered(Status::new(&request, rcode, PluginIndex::KUBERNETES))
}

/// Names of ours exist in class IN only; other names are the forwarder's business in any class.
fn other_class(snapshot: &Snapshot, request: &Request<'_>, out: &mut Vec<u8>) -> Outcome {
    if !snapshot.contains(&request.name) {
        return Outcome::Deferred(Deferred::Forward);
    }
    request.refuse(Rcode::REFUSED, out);
    Outcome::Answered(Status::new(request, Rcode::REFUSED, PluginIndex::SERVER))
}
