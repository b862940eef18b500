//! Prints rules.

use super::context::Context;
use super::element;
use super::matching;
use super::{statement, words};
use crate::expression::Reject;
use crate::object::{Family, Rule, Set};
use crate::statement::{Field, Header, Key, MarkSource, Match, Meta, Operator, Protocol, Right, Statement};
use crate::types::{L3, Value};

/// A rule in a table of this family.
pub(super) fn line(family: Family, rule: &Rule) -> String {
    let mut context = Context::new(family);
    let mut words = Vec::new();
    for (index, one) in rule.statements.iter().enumerate() {
        let later = rule.statements.get(index + 1..).unwrap_or_default();
        if let Statement::Match(one) = one {
            // `nft` leaves out tests that the compiler of rules adds by itself.
            if !implied(family, one, later) {
                words.push(matching::text(&context, one));
            }
            context.note(one);
            continue;
        }
        words.extend(needed(&mut context, one));
        words.push(text(&context, one));
        keys(one).into_iter().for_each(|key| context.note_key(key));
    }
    if let Some(comment) = &rule.comment {
        words.push(format!("comment \"{comment}\""));
    }
    words.join(" ")
}

/// Whether a test of the protocol is not printed, because a later statement looks at a header of it.
fn implied(family: Family, one: &Match, later: &[Statement]) -> bool {
    let ([Field::Meta(meta)], Operator::Is, Right::Value(value)) =
        (one.left.fields(), one.operator, &one.right)
    else {
        return false;
    };
    let headers = || {
        later
            .iter()
            .flat_map(keys)
            .flat_map(Key::fields)
            .filter_map(header)
    };
    match (meta, value.0.as_slice()) {
        (Meta::NfProto, [Value::NfProto(wanted)]) => {
            headers().any(|header| of_family(header, *wanted))
                || later.iter().any(|one| rejects(one, *wanted))
        }
        // In `inet` tables the compiler tests `meta nfproto` instead: there this test is the user's own.
        (Meta::Protocol, [Value::EtherType(0x0800)]) if family != Family::Inet => {
            headers().any(|header| of_family(header, L3::Ipv4))
        }
        (Meta::Protocol, [Value::EtherType(0x86dd)]) if family != Family::Inet => {
            headers().any(|header| of_family(header, L3::Ipv6))
        }
        (Meta::L4Proto, [Value::InetProto(number)]) => {
            let one_family = matches!(family, Family::Ip | Family::Ip6);
            // There `nft` derives the test for TCP from `reject with tcp reset`; elsewhere it prints it.
            let reset = one_family && later.iter().any(resets);
            (reset && *number == 6)
                || headers().any(|header| {
                    header.protocol() == Protocol::Number(*number)
                        || words::of_protocol(header, *number).is_some()
                })
        }
        _ => false,
    }
}

fn header(field: &Field) -> Option<Header> {
    match field {
        Field::Header(header) => Some(*header),
        _ => None,
    }
}

fn of_family(header: Header, family: L3) -> bool {
    match header.protocol() {
        Protocol::Network(wanted) => wanted == family,
        Protocol::Number(1) => family == L3::Ipv4,
        Protocol::Number(58) => family == L3::Ipv6,
        _ => false,
    }
}

fn rejects(statement: &Statement, family: L3) -> bool {
    match statement {
        Statement::Reject(Reject::Icmp(_)) => family == L3::Ipv4,
        Statement::Reject(Reject::Icmpv6(_)) => family == L3::Ipv6,
        _ => false,
    }
}

fn resets(statement: &Statement) -> bool {
    matches!(statement, Statement::Reject(Reject::TcpReset))
}

/// The keys that a statement looks at.
fn keys(statement: &Statement) -> Vec<&Key> {
    match statement {
        Statement::Match(one) => vec![&one.left],
        Statement::VerdictMap(key, _) | Statement::VerdictElements(key, _) => vec![key],
        Statement::Nat(nat) => statement::key(&nat.target).into_iter().collect(),
        Statement::Dynset(dynset) => vec![&dynset.key],
        Statement::SetMark(_, MarkSource::Map(key, _)) => vec![key],
        _ => Vec::new(),
    }
}

/// What is printed before a statement that depends on it, unless it is context.
fn needed(context: &mut Context, statement: &Statement) -> Option<String> {
    let one_family = matches!(context.family, Family::Ip | Family::Ip6);
    if !resets(statement) || one_family || context.transport == Some(6) {
        return None;
    }
    context.transport = Some(6);
    Some("meta l4proto tcp".into())
}

fn text(context: &Context, statement: &Statement) -> String {
    match statement {
        Statement::Match(one) => matching::text(context, one),
        Statement::VerdictMap(key, map) => format!("{} vmap @{map}", context.key(key)),
        Statement::VerdictElements(key, elements) => {
            let set = Set::vmap("", key.types());
            format!("{} vmap {}", context.key(key), element::anonymous(set, elements))
        }
        Statement::Verdict(verdict) => verdict.to_string(),
        Statement::Counter => "counter packets 0 bytes 0".into(),
        Statement::NamedCounter(name) => format!("counter name \"{name}\""),
        Statement::Log(log) => statement::log(log),
        Statement::Limit(limit) => statement::limit(*limit),
        Statement::Reject(reject) => statement::reject(context.family, *reject),
        Statement::Nat(nat) => statement::nat(context, nat),
        Statement::Masquerade(ports, flags) => statement::ports("masquerade", *ports, *flags),
        Statement::Redirect(ports, flags) => statement::ports("redirect", *ports, *flags),
        Statement::Dynset(dynset) => statement::dynset(context, dynset),
        Statement::SetMark(mark, source) => statement::set_mark(context, *mark, source),
        Statement::Notrack => "notrack".into(),
        Statement::Raw(_) => "# expressions".into(),
    }
}
