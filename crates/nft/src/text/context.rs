//! What the statements printed so far tell about the packet, and the words for fields in that light.

use super::words;
use crate::expression::FibResult;
use crate::object::Family;
use crate::statement::{Ct, Fib, Field, Header, Jhash, Key, Match, Meta, Numgen, Operator, Protocol, Right};
use crate::types::{Direction, Value};

/// What is known of the packet at a point of a rule.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context {
    pub(super) family: Family,
    pub(super) transport: Option<u8>,
}

impl Context {
    pub(super) fn new(family: Family) -> Self {
        Self {
            family,
            transport: None,
        }
    }

    /// Takes note of what a comparison tells.
    pub(super) fn note(&mut self, one: &Match) {
        self.note_key(&one.left);
        let ([field], Operator::Is, Right::Value(value)) = (one.left.fields(), one.operator, &one.right)
        else {
            return;
        };
        let protocol = matches!(
            field,
            Field::Meta(Meta::L4Proto) | Field::Header(Header::IpProtocol | Header::Ip6Nexthdr)
        );
        if let ([Value::InetProto(number)], true) = (value.0.as_slice(), protocol) {
            self.transport = Some(*number);
        }
    }

    /// Takes note of the protocols that a key's fields depend on.
    pub(super) fn note_key(&mut self, key: &Key) {
        for field in key.fields() {
            if let Field::Header(header) = field
                && let Protocol::Number(number) = header.protocol()
            {
                self.transport = Some(number);
            }
        }
    }

    /// The words for a key.
    pub(super) fn key(&self, key: &Key) -> String {
        let fields: Vec<String> = key.fields().iter().map(|field| self.field(field)).collect();
        fields.join(" . ")
    }

    /// The words for a field.
    pub(super) fn field(&self, field: &Field) -> String {
        match field {
            Field::Header(header) => {
                // `th dport` behind a test for TCP is printed as `tcp dport`.
                let known = self
                    .transport
                    .and_then(|number| words::of_protocol(*header, number));
                known.unwrap_or(*header).words().into()
            }
            Field::Meta(meta) => meta_words(*meta).into(),
            Field::Ct(ct) => ct_words(*ct),
            Field::Fib(fib) => fib_words(*fib),
            Field::Numgen(numgen) => numgen_words(*numgen),
            Field::Jhash(jhash) => self.jhash(jhash),
            Field::Symhash(modulus, offset) => format!("symhash mod {modulus}{}", offset_words(*offset)),
        }
    }

    fn jhash(&self, jhash: &Jhash) -> String {
        let mut words = format!("jhash {} mod {}", self.key(&jhash.over), jhash.modulus);
        if let Some(seed) = jhash.seed {
            words += &format!(" seed 0x{seed:x}");
        }
        words + &offset_words(jhash.offset)
    }
}

fn meta_words(meta: Meta) -> &'static str {
    match meta {
        Meta::Mark => "meta mark",
        Meta::Iif => "iif",
        Meta::Oif => "oif",
        Meta::IifName => "iifname",
        Meta::OifName => "oifname",
        Meta::NfProto => "meta nfproto",
        Meta::L4Proto => "meta l4proto",
        Meta::Protocol => "meta protocol",
    }
}

fn ct_words(ct: Ct) -> String {
    let way = |direction| match direction {
        Direction::Original => "original",
        Direction::Reply => "reply",
    };
    match ct {
        Ct::State => "ct state".into(),
        Ct::Status => "ct status".into(),
        Ct::Mark => "ct mark".into(),
        Ct::Direction => "ct direction".into(),
        Ct::Protocol => "ct protocol".into(),
        Ct::L3Proto => "ct l3proto".into(),
        Ct::Saddr(direction, family) => format!("ct {} {} saddr", way(direction), words::family(family)),
        Ct::Daddr(direction, family) => format!("ct {} {} daddr", way(direction), words::family(family)),
        Ct::ProtoSrc(direction) => format!("ct {} proto-src", way(direction)),
        Ct::ProtoDst(direction) => format!("ct {} proto-dst", way(direction)),
    }
}

fn fib_words(fib: Fib) -> String {
    let parts = [
        (1, "saddr"),
        (1 << 1, "daddr"),
        (1 << 2, "mark"),
        (1 << 3, "iif"),
        (1 << 4, "oif"),
    ];
    let set = parts.iter().filter(|(flag, _)| fib.flags & flag != 0);
    let words: Vec<&str> = set.map(|(_, word)| *word).collect();
    let result = match fib.result {
        FibResult::AddressType => "type",
        FibResult::Interface => "oif",
        FibResult::InterfaceName => "oifname",
    };
    format!("fib {} {result}", words.join(" . "))
}

fn numgen_words(numgen: Numgen) -> String {
    let mode = if numgen.random { "random" } else { "inc" };
    let Numgen { modulus, offset, .. } = numgen;
    format!("numgen {mode} mod {modulus}{}", offset_words(offset))
}

fn offset_words(offset: u32) -> String {
    if offset == 0 {
        String::new()
    } else {
        format!(" offset {offset}")
    }
}
