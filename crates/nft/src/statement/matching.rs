//! Compiles comparisons.

use ipnet::IpNet;

use super::compile::Compiler;
use super::load::octets;
use super::{Field, InvalidReason, Key, Match, Operator, Right};
use crate::expression::{BitwiseOperation, ByteOrder, Comparison, Expression, Register};
use crate::types::{Data, Order, Value};

impl Compiler {
    pub(super) fn compare(&mut self, one: &Match) -> Result<(), InvalidReason> {
        match &one.right {
            Right::Value(value) => self.compare_value(one, value)?,
            Right::Range(first, last) => self.compare_range(one, first, last)?,
            Right::Network(network) => self.compare_network(one, *network)?,
            Right::Bits(bits) => self.compare_bits(one, bits)?,
            // The kernel compares as many octets as it is given, and the names of interfaces are padded with
            // NULs.
            Right::NamePrefix(prefix) => {
                self.load(&one.left, Register::default())?;
                self.test_octets(one.operator, prefix.as_bytes().to_vec());
            }
            Right::Set(set) => {
                self.load(&one.left, Register::default())?;
                self.lookup(set.as_str().into(), one.operator);
            }
            Right::Elements(elements) => {
                let set = self.anonymous(&one.left, elements, false)?;
                self.load(&one.left, Register::default())?;
                self.lookup(set, one.operator);
            }
        }
        // Only after the comparison: what it compares may itself depend on a test.
        self.context.note(one);
        Ok(())
    }

    fn compare_value(&mut self, one: &Match, value: &Data) -> Result<(), InvalidReason> {
        // Octets of another length or order would be compared silently.
        check_types(&one.left, value)?;
        self.load(&one.left, Register::default())?;
        let mut octets_of_value = value.encode();
        if let Some(mask) = &one.mask {
            single(one, mask)?;
            // Before octets are swapped: the mask is in the order that the field is loaded in.
            self.mask(mask.encode());
        }
        // `cmp` compares octets from the first to the last: only numbers in network order compare as numbers.
        if !matches!(one.operator, Operator::Is | Operator::IsNot) {
            octets_of_value = self.in_network_order(one, octets_of_value);
        }
        self.test_octets(one.operator, octets_of_value);
        Ok(())
    }

    fn compare_range(&mut self, one: &Match, first: &Value, last: &Value) -> Result<(), InvalidReason> {
        single(one, first)?;
        single(one, last)?;
        self.load(&one.left, Register::default())?;
        let last = network_order(one, last.encode());
        let first = self.in_network_order(one, first.encode());
        // As `nft` does: two comparisons cannot express "outside", since each must hold.
        if one.operator == Operator::IsNot {
            self.push(Expression::Range {
                from: Register::default(),
                inverted: true,
                first,
                last,
            });
        } else {
            self.test_octets(Operator::AtLeast, first);
            self.test_octets(Operator::AtMost, last);
        }
        Ok(())
    }

    fn compare_network(&mut self, one: &Match, network: IpNet) -> Result<(), InvalidReason> {
        let field = single(one, &Value::from(network.network()))?;
        let address = Value::from(network.network()).encode();
        let len = usize::from(network.prefix_len());
        let whole = len.is_multiple_of(8) && len > 0;
        // A prefix of whole octets needs no mask: fewer octets are loaded, as `nft` does.
        if let (Field::Header(header), true) = (field, whole) {
            self.establish(&one.left)?;
            let (base, offset) = header.place();
            let octets = u32::try_from(len / 8).unwrap_or_default();
            self.push(Expression::Payload {
                into: Register::default(),
                base,
                offset,
                len: octets,
            });
            let address = address.get(..len / 8).unwrap_or_default().to_vec();
            self.test_octets(one.operator, address);
        } else {
            self.load(&one.left, Register::default())?;
            self.mask(Value::from(network.netmask()).encode());
            self.test_octets(one.operator, address);
        }
        Ok(())
    }

    fn compare_bits(&mut self, one: &Match, bits: &Value) -> Result<(), InvalidReason> {
        let field = single(one, bits)?;
        let none = vec![0; field.data_type().octets()];
        self.load(&one.left, Register::default())?;
        self.mask(bits.encode());
        // "Any bit" is a masked value that is not zero.
        let operator = match one.operator {
            Operator::IsNot => Operator::Is,
            _ => Operator::IsNot,
        };
        self.test_octets(operator, none);
        Ok(())
    }

    fn lookup(&mut self, set: crate::expression::SetReference, operator: Operator) {
        self.push(Expression::Lookup {
            set,
            from: Register::default(),
            inverted: operator == Operator::IsNot,
        });
    }

    fn mask(&mut self, mask: Vec<u8>) {
        self.push(Expression::Bitwise {
            from: Register::default(),
            into: Register::default(),
            len: u32::try_from(mask.len()).unwrap_or_default(),
            operation: BitwiseOperation::MaskXor {
                xor: vec![0; mask.len()],
                mask,
            },
        });
    }

    fn test_octets(&mut self, operator: Operator, octets: Vec<u8>) {
        self.push(Expression::Compare {
            from: Register::default(),
            comparison: operator.comparison(),
            octets,
        });
    }

    /// Numbers are compared in network order: swaps those of the host's order, in the register and in the
    /// value.
    fn in_network_order(&mut self, one: &Match, value: Vec<u8>) -> Vec<u8> {
        if let [field] = one.left.fields()
            && swaps(field)
        {
            self.push(Expression::Byteorder {
                from: Register::default(),
                into: Register::default(),
                order: ByteOrder::ToNetwork,
                len: octets(field),
                size: octets(field),
            });
        }
        network_order(one, value)
    }
}

impl Operator {
    fn comparison(self) -> Comparison {
        match self {
            Self::Is => Comparison::Equal,
            Self::IsNot => Comparison::NotEqual,
            Self::Less => Comparison::Less,
            Self::AtMost => Comparison::LessOrEqual,
            Self::Greater => Comparison::Greater,
            Self::AtLeast => Comparison::GreaterOrEqual,
        }
    }
}

/// Whether the field is a number in the host's order.
fn swaps(field: &Field) -> bool {
    let data_type = field.data_type();
    // Names of interfaces count as in the host's order, too, but are no numbers.
    data_type.order() == Order::Host && data_type.octets() == 4
}

fn network_order(one: &Match, value: Vec<u8>) -> Vec<u8> {
    let host = one.left.fields().first().is_some_and(swaps);
    match value.first_chunk() {
        Some(octets) if host => u32::from_ne_bytes(*octets).to_be_bytes().to_vec(),
        _ => value,
    }
}

/// The only field of the key, which must be of the value's type.
fn single<'a>(one: &'a Match, value: &Value) -> Result<&'a Field, InvalidReason> {
    let [field] = one.left.fields() else {
        return Err(InvalidReason::Mask);
    };
    check_types(&one.left, &Data(vec![value.clone()]))?;
    Ok(field)
}

pub(super) fn check_types(key: &Key, data: &Data) -> Result<(), InvalidReason> {
    let (expected, found) = (key.types(), data.types());
    if expected == found {
        Ok(())
    } else {
        Err(InvalidReason::Type { expected, found })
    }
}
