//! What a look-up gives.

use kinglet_dns_wire::{Name, Records};

use crate::soa::Soa;

/// The zones' answer to a question.
#[derive(Debug)]
pub enum Lookup<'s> {
    /// NOERROR with records.
    Answer(Answer<'s>),
    /// NOERROR without records: the name exists with other types or above other names. The SOA goes into the
    /// authority section.
    NoData(Soa),
    /// NXDOMAIN, with the SOA in the authority section.
    NameError(Soa),
    /// SERVFAIL, with the SOA in the authority section: the name is unknown, but not all objects have been
    /// seen.
    Unsynced(Soa),
    /// REFUSED: zone transfers.
    Refused,
    /// The name is an alias of one outside of the zone.
    Chase(Chase<'s>),
    /// Not ours to answer: the name is outside of the zones, or a reverse name that no object has.
    Fallthrough,
}

/// Records for the answer and additional sections.
#[derive(Debug, Default)]
pub struct Answer<'s> {
    /// Answer section.
    pub records: Records<'s>,
    /// Additional section.
    pub additional: Records<'s>,
}

/// An alias to follow elsewhere: `records`, then what is found for `target`. Without a reply the answer is
/// empty, with `soa` in authority.
#[derive(Debug)]
pub struct Chase<'s> {
    /// CNAME records so far.
    pub records: Records<'s>,
    /// Name to ask for, with the type of the question.
    pub target: &'s Name,
    /// For the authority section of an empty answer.
    pub soa: Soa,
}

/// What a name and type are found to be, before the zone's rules for names that do not exist.
pub(super) enum Found<'s> {
    Answer(Answer<'s>),
    Alias(&'s Name),
    NoData,
    NameError,
    Refused,
}

impl<'s> Found<'s> {
    pub(super) fn records(records: Records<'s>) -> Self {
        Self::Answer(Answer {
            records,
            additional: Records::default(),
        })
    }

    /// NODATA for a name that exists, NXDOMAIN for one that does not.
    pub(super) fn empty(exists: bool) -> Self {
        if exists { Self::NoData } else { Self::NameError }
    }
}
