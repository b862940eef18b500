//! Compiles the statements of a rule to expressions.

use super::context::Context;
use super::{Header, InvalidReason, Key, Limit, Log, Statement};
use crate::expression::{Expression, Register, Reject, SetReference};
use crate::object::{Element, Family, Rule, Set};

/// Longest prefix of a log line: `NF_LOG_PREFIXLEN` without the NUL.
const LOG_PREFIX: usize = 127;

/// A set without a name that belongs to a rule.
#[derive(Clone, Debug)]
pub(crate) struct AnonymousSet {
    pub(crate) id: u32,
    pub(crate) set: Set,
    pub(crate) elements: Vec<Element>,
}

/// A rule as the kernel takes it.
#[derive(Clone, Debug)]
pub(crate) struct Compiled {
    pub(crate) expressions: Vec<Expression>,
    pub(crate) sets: Vec<AnonymousSet>,
}

/// Compiles a rule. Sets without names get numbers from `first_id` on.
pub(crate) fn compile(rule: &Rule, family: Family, first_id: u32) -> Result<Compiled, InvalidReason> {
    let mut compiler = Compiler {
        context: Context::new(family),
        expressions: Vec::new(),
        sets: Vec::new(),
        first_id,
    };
    for statement in &rule.statements {
        compiler.statement(statement)?;
    }
    Ok(Compiled {
        expressions: compiler.expressions,
        sets: compiler.sets,
    })
}

/// A rule while it is compiled. Each statement may use all registers.
pub(super) struct Compiler {
    pub(super) context: Context,
    expressions: Vec<Expression>,
    sets: Vec<AnonymousSet>,
    first_id: u32,
}

impl Compiler {
    pub(super) fn push(&mut self, expression: Expression) {
        self.expressions.push(expression);
    }

    fn statement(&mut self, statement: &Statement) -> Result<(), InvalidReason> {
        match statement {
            Statement::Match(one) => self.compare(one)?,
            Statement::VerdictMap(key, map) => self.verdict_map(key, map.as_str().into())?,
            Statement::VerdictElements(key, elements) => {
                let map = self.anonymous(key, elements, true)?;
                self.verdict_map(key, map)?;
            }
            Statement::Nat(nat) => self.nat(nat)?,
            Statement::Masquerade(ports, flags) => self.masquerade(*ports, *flags)?,
            Statement::Redirect(ports, flags) => self.redirect(*ports, *flags)?,
            Statement::Dynset(dynset) => self.dynset(dynset)?,
            Statement::SetMark(mark, source) => self.set_mark(*mark, source)?,
            Statement::Reject(reject) => self.reject(*reject)?,
            Statement::Raw(expressions) => self.expressions.extend(expressions.iter().cloned()),
            other => self.expressions.extend(simple(other)?),
        }
        Ok(())
    }

    /// Only TCP can be reset, and a code of ICMP means something else in ICMPv6: the packet must be of that
    /// kind, or its sender would get a wrong answer or none.
    fn reject(&mut self, reject: Reject) -> Result<(), InvalidReason> {
        let header = match reject {
            Reject::TcpReset => Some(Header::TcpDport),
            Reject::Icmp(_) => Some(Header::IpSaddr),
            Reject::Icmpv6(_) => Some(Header::Ip6Saddr),
            Reject::Icmpx(_) => None,
        };
        // Any field of the header would do: it is not loaded, only what it depends on is tested.
        if let Some(header) = header {
            self.establish(&header.into())?;
        }
        self.push(Expression::Reject(reject));
        Ok(())
    }

    fn verdict_map(&mut self, key: &Key, map: SetReference) -> Result<(), InvalidReason> {
        let from = Register::default();
        self.load(key, from)?;
        self.push(Expression::VerdictLookup { map, from });
        Ok(())
    }

    /// Makes a set of elements that are part of the rule.
    pub(super) fn anonymous(
        &mut self,
        key: &Key,
        elements: &[Element],
        map: bool,
    ) -> Result<SetReference, InvalidReason> {
        let mut set = if map {
            // The kernel puts a number in the place of %d.
            Set::vmap("__map%d", key.types())
        } else {
            Set::new("__set%d", key.types())
        };
        // Nobody else knows the set, so that nothing changes it.
        set.constant = true;
        set.interval = elements.iter().any(|element| element.last.is_some());
        if !set.interval {
            // With a size the kernel can use a hash table that does not grow.
            set.size = u32::try_from(elements.len()).ok().filter(|size| *size > 0);
        }
        for element in elements {
            set.check(element)?;
        }
        // Unique in the batch, where the rule refers to the set by it.
        let number = u32::try_from(self.sets.len()).unwrap_or(u32::MAX);
        let id = self.first_id.saturating_add(number);
        let reference = SetReference {
            name: set.name.clone(),
            id: Some(id),
        };
        let elements = elements.to_vec();
        self.sets.push(AnonymousSet { id, set, elements });
        Ok(reference)
    }
}

/// Statements that are one expression.
fn simple(statement: &Statement) -> Result<Option<Expression>, InvalidReason> {
    Ok(Some(match statement {
        Statement::Verdict(verdict) => Expression::Verdict(verdict.clone()),
        Statement::Counter => Expression::Counter { packets: 0, bytes: 0 },
        Statement::NamedCounter(name) => Expression::CounterReference { name: name.clone() },
        Statement::Log(log) => log.expression()?,
        Statement::Limit(limit) => limit.expression(),
        Statement::Notrack => Expression::Notrack,
        _ => return Ok(None),
    }))
}

impl Limit {
    pub(super) fn expression(self) -> Expression {
        Expression::Limit {
            rate: self.rate,
            unit: self.unit.seconds(),
            burst: self.burst,
            bytes: self.bytes,
            over: self.over,
        }
    }
}

impl Log {
    fn expression(&self) -> Result<Expression, InvalidReason> {
        let long = |prefix: &&String| prefix.len() > LOG_PREFIX;
        if let Some(prefix) = self.prefix.as_ref().filter(long) {
            return Err(InvalidReason::Name(prefix.clone(), LOG_PREFIX));
        }
        Ok(Expression::Log {
            prefix: self.prefix.clone(),
            group: self.group,
            snaplen: self.snaplen,
            threshold: self.threshold,
            level: self.level,
            flags: self.flags,
        })
    }
}
