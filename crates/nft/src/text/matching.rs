//! Prints comparisons.

use super::context::Context;
use super::element;
use super::value::{data, number, value};
use crate::object::Set;
use crate::statement::{Match, Operator, Right};
use crate::types::{CtState, CtStatus, Data, Order, Value};

/// A comparison.
pub(super) fn text(context: &Context, one: &Match) -> String {
    let left = context.key(&one.left);
    let not = if one.operator == Operator::IsNot {
        "!= "
    } else {
        ""
    };
    match &one.right {
        Right::Value(wanted) => compared(&left, one, wanted),
        Right::Range(first, last) => format!("{left} {not}{}-{}", value(first), value(last)),
        Right::Network(network) if network.prefix_len() == network.max_prefix_len() => {
            format!("{left} {not}{}", value(&network.addr().into()))
        }
        Right::Network(network) => {
            let address = value(&network.network().into());
            format!("{left} {not}{address}/{}", network.prefix_len())
        }
        Right::Bits(wanted) => bits(&left, one.operator, wanted),
        Right::NamePrefix(prefix) => format!("{left} {not}\"{prefix}*\""),
        Right::Set(set) => format!("{left} {not}@{set}"),
        Right::Elements(elements) => {
            let set = Set::new("", one.left.types());
            format!("{left} {not}{}", element::anonymous(set, elements))
        }
    }
}

fn compared(left: &str, one: &Match, wanted: &Data) -> String {
    if let (Some(mask), [wanted]) = (&one.mask, wanted.0.as_slice()) {
        return masked(left, one.operator, mask, wanted);
    }
    let bits = matches!(wanted.0.as_slice(), [Value::CtState(_) | Value::CtStatus(_)]);
    let text = if bits {
        data(wanted).replace(',', " | ")
    } else {
        data(wanted)
    };
    match one.operator {
        // Without a sign, bits would mean any of them.
        Operator::Is if !bits => format!("{left} {text}"),
        operator => format!("{left} {} {text}", sign(operator)),
    }
}

/// Any or none of the bits.
fn bits(left: &str, operator: Operator, wanted: &Value) -> String {
    match (wanted, operator) {
        (Value::CtState(_) | Value::CtStatus(_), Operator::IsNot) => format!("{left} ! {}", value(wanted)),
        (Value::CtState(_) | Value::CtStatus(_), _) => format!("{left} {}", value(wanted)),
        (_, Operator::IsNot) => masked(left, Operator::Is, wanted, &zero(wanted)),
        _ => masked(left, Operator::IsNot, wanted, &zero(wanted)),
    }
}

fn zero(like: &Value) -> Value {
    let octets = vec![0; like.data_type().octets()];
    Value::decode(like.data_type(), &octets).unwrap_or_else(|| like.clone())
}

fn masked(left: &str, operator: Operator, mask: &Value, wanted: &Value) -> String {
    match (wanted, operator) {
        (Value::CtState(CtState(0)) | Value::CtStatus(CtStatus(0)), Operator::Is) => {
            return bits(left, Operator::IsNot, mask);
        }
        (Value::CtState(CtState(0)) | Value::CtStatus(CtStatus(0)), _) => {
            return bits(left, Operator::Is, mask);
        }
        _ => {}
    }
    let not = if operator == Operator::IsNot { "!= " } else { "" };
    match prefix(mask) {
        Some(len) => format!("{left} {not}{}/{len}", value(wanted)),
        None => {
            let text = value(wanted).replace(',', " | ");
            format!("{left} & {} {} {text}", mask_text(mask), sign(operator))
        }
    }
}

fn mask_text(mask: &Value) -> String {
    let text = value(mask);
    if text.contains(',') {
        format!("({})", text.replace(',', " | "))
    } else {
        text
    }
}

/// The length of a mask that consists of the highest bits, which is printed as a prefix.
fn prefix(mask: &Value) -> Option<u32> {
    // Their bits have names, by which they are printed.
    if matches!(mask, Value::CtState(_) | Value::CtStatus(_)) {
        return None;
    }
    let mut octets = mask.encode();
    if mask.data_type().order() == Order::Host {
        octets.reverse();
    }
    let (mask, len) = number(&octets);
    let ones = (mask << (128 - len)).leading_ones();
    (ones > 0 && ones == mask.count_ones()).then_some(ones)
}

fn sign(operator: Operator) -> &'static str {
    match operator {
        Operator::Is => "==",
        Operator::IsNot => "!=",
        Operator::Less => "<",
        Operator::AtMost => "<=",
        Operator::Greater => ">",
        Operator::AtLeast => ">=",
    }
}
