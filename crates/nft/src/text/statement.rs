//! Prints verdicts, NAT, and statements that log, limit or change something.

use std::net::IpAddr;

use super::context::Context;
use super::time::time;
use super::value::{data, range, value};
use super::words;
use crate::expression::{LogFlags, NatFlags, Reject};
use crate::object::Family;
use crate::statement::{Dynset, Key, Limit, Log, Mark, MarkSource, Nat, NatTarget, Statement};
use crate::types::Value;

/// The burst of a limited rate of packets that is not printed.
const BURST: u32 = 5;
/// The level of log lines that is not printed.
const WARNING: u32 = 4;

pub(super) fn log(log: &Log) -> String {
    let mut text = String::from("log");
    let mut add = |word: &str, value: Option<String>| {
        if let Some(value) = value {
            text += &format!(" {word} {value}");
        }
    };
    add(
        "prefix",
        log.prefix.as_ref().map(|prefix| format!("\"{prefix}\"")),
    );
    add("group", log.group.map(|group| group.to_string()));
    add("snaplen", log.snaplen.map(|len| len.to_string()));
    add("queue-threshold", log.threshold.map(|count| count.to_string()));
    // The default, which `nft` leaves out.
    let level = log.level.filter(|level| *level != WARNING);
    add("level", level.map(|level| level_word(level).to_owned()));
    text + &log_flags(log.flags)
}

fn level_word(level: u32) -> &'static str {
    let words = [
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "audit",
    ];
    let index = usize::try_from(level).unwrap_or(usize::MAX);
    words.get(index).copied().unwrap_or("unknown")
}

fn log_flags(flags: LogFlags) -> String {
    if flags == LogFlags::ALL {
        return " flags all".into();
    }
    let has = |flag: LogFlags| flags.0 & flag.0 != 0;
    let tcp = match (has(LogFlags::TCP_SEQUENCE), has(LogFlags::TCP_OPTIONS)) {
        (true, true) => " flags tcp sequence,options",
        (true, false) => " flags tcp sequence",
        (false, true) => " flags tcp options",
        (false, false) => "",
    };
    let ip = if has(LogFlags::IP_OPTIONS) {
        " flags ip options"
    } else {
        ""
    };
    let skuid = if has(LogFlags::SKUID) { " flags skuid" } else { "" };
    let ether = if has(LogFlags::ETHER) { " flags ether" } else { "" };
    format!("{tcp}{ip}{skuid}{ether}")
}

pub(super) fn limit(limit: Limit) -> String {
    let over = if limit.over { "over " } else { "" };
    let unit = words::unit(limit.unit);
    if !limit.bytes {
        let text = format!("limit rate {over}{}/{unit}", limit.rate);
        return match limit.burst {
            0 | BURST => text,
            burst => format!("{text} burst {burst} packets"),
        };
    }
    let text = format!("limit rate {over}{}/{unit}", octets(limit.rate));
    match limit.burst {
        0 => text,
        burst => format!("{text} burst {}", octets(u64::from(burst))),
    }
}

/// A number of octets in the largest unit of which it is a multiple.
fn octets(count: u64) -> String {
    const KILO: u64 = 1 << 10;
    const MEGA: u64 = 1 << 20;
    match count {
        count if count > 0 && count.is_multiple_of(MEGA) => format!("{} mbytes", count / MEGA),
        count if count > 0 && count.is_multiple_of(KILO) => format!("{} kbytes", count / KILO),
        count => format!("{count} bytes"),
    }
}

pub(super) fn reject(family: Family, reject: Reject) -> String {
    match (reject, family) {
        (Reject::TcpReset, _) => "reject with tcp reset".into(),
        // "Port unreachable" is what `reject` alone means.
        (Reject::Icmp(3), Family::Ip) | (Reject::Icmpv6(4), Family::Ip6) | (Reject::Icmpx(1), _) => {
            "reject".into()
        }
        (Reject::Icmp(code), _) => format!("reject with icmp {}", icmp_code(code)),
        (Reject::Icmpv6(code), _) => format!("reject with icmpv6 {}", icmpv6_code(code)),
        (Reject::Icmpx(code), _) => format!("reject with icmpx {}", icmpx_code(code)),
    }
}

fn icmp_code(code: u8) -> String {
    let word = match code {
        0 => "net-unreachable",
        1 => "host-unreachable",
        2 => "prot-unreachable",
        3 => "port-unreachable",
        4 => "frag-needed",
        9 => "net-prohibited",
        10 => "host-prohibited",
        13 => "admin-prohibited",
        other => return other.to_string(),
    };
    word.into()
}

fn icmpv6_code(code: u8) -> String {
    let word = match code {
        0 => "no-route",
        1 => "admin-prohibited",
        3 => "addr-unreachable",
        4 => "port-unreachable",
        5 => "policy-fail",
        6 => "reject-route",
        other => return other.to_string(),
    };
    word.into()
}

fn icmpx_code(code: u8) -> String {
    let word = match code {
        0 => "no-route",
        1 => "port-unreachable",
        2 => "host-unreachable",
        3 => "admin-prohibited",
        other => return other.to_string(),
    };
    word.into()
}

/// The key that a target is looked up by.
pub(super) fn key(target: &NatTarget) -> Option<&Key> {
    match target {
        NatTarget::Map { key, .. } => Some(key),
        _ => None,
    }
}

pub(super) fn nat(context: &Context, nat: &Nat) -> String {
    // A table of one family says which addresses are meant.
    let family = match context.family {
        Family::Ip | Family::Ip6 => String::new(),
        _ => format!(" {}", words::family(nat.family)),
    };
    let target = match &nat.target {
        NatTarget::Address(address, None) => value(&Value::from(*address)),
        NatTarget::Address(IpAddr::V4(address), Some(port)) => format!("{address}:{port}"),
        NatTarget::Address(IpAddr::V6(address), Some(port)) => format!("[{address}]:{port}"),
        NatTarget::Addresses(first, last) => range(&Value::from(*first), &Value::from(*last)),
        NatTarget::Map { key, map, .. } => format!("{} map @{map}", context.key(key)),
    };
    format!(
        "{}{family} to {target}{}",
        words::nat_kind(nat.kind),
        words::nat_flags(nat.flags)
    )
}

pub(super) fn ports(word: &str, ports: Option<(u16, u16)>, flags: NatFlags) -> String {
    let to = match ports {
        None => String::new(),
        Some((first, last)) if first == last => format!(" to :{first}"),
        Some((first, last)) => format!(" to :{first}-{last}"),
    };
    format!("{word}{to}{}", words::nat_flags(flags))
}

pub(super) fn dynset(context: &Context, dynset: &Dynset) -> String {
    let mut text = format!(
        "{} @{} {{ {}",
        words::dynset_operation(dynset.operation),
        dynset.set,
        context.key(&dynset.key)
    );
    if let Some(timeout) = dynset.timeout {
        text += &format!(" timeout {}", time(timeout));
    }
    for statement in &dynset.statements {
        match statement {
            Statement::Limit(rate) => text += &format!(" {}", limit(*rate)),
            _ => text += " counter",
        }
    }
    if let Some(mapped) = &dynset.data {
        text += &format!(" : {}", data(mapped));
    }
    text + " }"
}

pub(super) fn set_mark(context: &Context, mark: Mark, source: &MarkSource) -> String {
    let word = match mark {
        Mark::Meta => "meta mark",
        Mark::Ct => "ct mark",
    };
    let source = match source {
        MarkSource::Value(mark) => value(&Value::Mark(*mark)),
        MarkSource::Field(field) => context.field(field),
        MarkSource::Map(key, map) => format!("{} map @{map}", context.key(key)),
        MarkSource::Bits { field, mask, xor } => context.field(field) + &bits(*mask, *xor),
    };
    format!("{word} set {source}")
}

/// `(value & mask) ^ xor` as the kept, flipped and set bits.
fn bits(mask: u32, xor: u32) -> String {
    let set = xor & !mask;
    let kept = mask | set;
    let flipped = xor & mask;
    let part = |sign: &str, bits: u32, none: u32| match bits {
        bits if bits == none => String::new(),
        bits => format!(" {sign} 0x{bits:08x}"),
    };
    part("&", kept, u32::MAX) + &part("^", flipped, 0) + &part("|", set, 0)
}
