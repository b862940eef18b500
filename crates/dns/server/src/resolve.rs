//! Answers to what the snapshot cannot answer: other names, and targets of ExternalName Services.
//!
//! This is where a cache of forwarded answers belongs: between a deferred question and the forwarder.

use domain::base::{Message, Rtype};
use domain::rdata::AllRecordData;
use kinglet_dns_wire::{Name, Rcode, Records, Request, Response, UpstreamReply, flag};
use kinglet_dns_zone::Soa;

use crate::answer::{Deferred, Transport};
use crate::forward::{Forwarder, Permit};
use crate::metrics::{PluginIndex, Status};

/// UDP size that queries of our own offer: replies of this size are not fragmented (RFC 9715), and fragments
/// are what off-path attackers forge.
const UDP_SIZE: u16 = 1232;

/// Answers deferred questions.
pub(crate) struct Resolver {
    forwarder: Forwarder,
}

impl Resolver {
    /// A resolver that asks others through this forwarder.
    pub(crate) fn new(forwarder: Forwarder) -> Self {
        Self { forwarder }
    }

    /// Leave to defer a query; none if too many wait.
    pub(crate) fn admit(&self) -> Option<Permit> {
        self.forwarder.admit()
    }

    /// The reply to a query, and what the metrics say about it.
    pub(crate) async fn resolve(
        &self,
        _ticket: Permit,
        deferred: Deferred,
        message: &[u8],
        transport: Transport,
    ) -> (Vec<u8>, Status) {
        // The first reading borrowed the batch; to read again is cheaper than to copy every query that could
        // have been answered.
        let Ok(request) = Request::read(message) else {
            return (Vec::new(), Status::unreadable());
        };
        match deferred {
            Deferred::Forward => self.forward(message, &request, transport).await,
            Deferred::Chase { records, target, soa } => {
                self.chase(&request, records, &target, &soa, transport).await
            }
        }
    }

    async fn forward(
        &self,
        message: &[u8],
        request: &Request<'_>,
        transport: Transport,
    ) -> (Vec<u8>, Status) {
        match self.forwarder.forward(message, request).await {
            Ok(reply) => {
                let status = Status::new(request, reply.rcode(), PluginIndex::FORWARD);
                (reply.into_reply(request, transport.limit(request)), status)
            }
            Err(error) => {
                tracing::debug!(name = %request.name, %error, "a DNS query could not be forwarded");
                let mut out = Vec::new();
                request.refuse(Rcode::SERVFAIL, &mut out);
                (out, Status::new(request, Rcode::SERVFAIL, PluginIndex::FORWARD))
            }
        }
    }

    /// The addresses of an ExternalName Service's target behind its CNAME. If no upstream knows them the
    /// reply is NODATA.
    async fn chase(
        &self,
        request: &Request<'_>,
        mut records: Records<'static>,
        target: &Name,
        soa: &Soa,
        transport: Transport,
    ) -> (Vec<u8>, Status) {
        let query = question(target, request);
        let reply = match Request::read(&query) {
            Ok(question) => self.forwarder.forward(&query, &question).await.ok(),
            Err(_) => None,
        };
        let mut out = Vec::new();
        let response = Response::new(request, transport.limit(request), &mut out).authoritative();
        match reply {
            Some(reply) if !matches!(reply.rcode(), Rcode::SERVFAIL | Rcode::REFUSED) => {
                // A target that does not exist leaves the CNAME alone in the answer.
                append_answers(&reply, &mut records);
                // An incomplete RRset must not be taken for the whole (RFC 2181 section 9).
                let response = response.truncated(reply.is_truncated());
                // No rotation: the CNAME comes first.
                response.answer(&records, 0).finish(Rcode::NOERROR);
            }
            _ => response.authority(soa.as_bytes()).finish(Rcode::NOERROR),
        }
        (out, Status::new(request, Rcode::NOERROR, PluginIndex::KUBERNETES))
    }
}

/// A query for `name` with the type of `request`.
fn question(name: &Name, request: &Request<'_>) -> Vec<u8> {
    // The id is set for each exchange.
    let mut query = vec![0, 0];
    query.extend_from_slice(&flag::RD.to_be_bytes());
    query.extend_from_slice(&[0, 1, 0, 0, 0, 0, 0, 1]);
    query.extend_from_slice(name.as_wire());
    query.extend_from_slice(&request.qtype.to_be_bytes());
    query.extend_from_slice(&[0, 1, 0, 0, 41]);
    query.extend_from_slice(&UDP_SIZE.to_be_bytes());
    query.extend_from_slice(&[0; 6]);
    query
}

/// Appends the answers of a reply, whose compressed names are written out: they will stand elsewhere in the
/// message.
fn append_answers(reply: &UpstreamReply, records: &mut Records<'static>) {
    let Ok(message) = Message::from_octets(reply.as_bytes()) else {
        return;
    };
    let Ok(answer) = message.answer() else { return };
    for record in answer.flatten() {
        let Ok(record) = record.into_any_record::<AllRecordData<_, _>>() else {
            continue;
        };
        let mut wire = Vec::new();
        // OPT belongs to one hop (RFC 6891 section 6.1.1).
        if record.rtype() != Rtype::OPT && record.compose(&mut wire).is_ok() {
            records.append(&wire);
        }
    }
}
