//! `allOf`, `anyOf`, `oneOf` and `not`.

use serde_json::Value;

use super::keywords::whole_error;
use super::validate::{Outcome, Validator};
use crate::Schema;

impl Validator {
    /// The rules that combine other schemas.
    pub(super) fn combined(&mut self, schema: Schema<'_>, value: &Value) -> Outcome {
        let mut outcome = self.any_of(schema, value);
        outcome.merge(self.one_of(schema, value));
        outcome.merge(self.all_of(schema, value));
        if let Some(not) = schema.node().get("not")
            && self.node(schema.at(not), value).errors.is_empty()
        {
            outcome
                .errors
                .push(self.whole("must not validate the schema (not)"));
        }
        outcome
    }

    fn whole(&self, rule: &str) -> crate::FieldError {
        whole_error(format!("{:?} {rule}", self.path.to_text()))
    }

    fn alternatives(&mut self, schema: Schema<'_>, key: &str, value: &Value) -> Vec<Outcome> {
        let all = schema.node().get(key).and_then(Value::as_array);
        let nodes = all.into_iter().flatten();
        nodes.map(|node| self.node(schema.at(node), value)).collect()
    }

    fn any_of(&mut self, schema: Schema<'_>, value: &Value) -> Outcome {
        let outcomes = self.alternatives(schema, "anyOf", value);
        let mut outcome = Outcome::default();
        if !outcomes.is_empty() && valid(&outcomes) == 0 {
            outcome
                .errors
                .push(self.whole("must validate at least one schema (anyOf)"));
        }
        outcome.merge(best(outcomes));
        outcome
    }

    fn one_of(&mut self, schema: Schema<'_>, value: &Value) -> Outcome {
        let outcomes = self.alternatives(schema, "oneOf", value);
        let mut outcome = Outcome::default();
        let rule = "must validate one and only one schema (oneOf). Found";
        match valid(&outcomes) {
            _ if outcomes.is_empty() => {}
            0 => outcome.errors.push(self.whole(&format!("{rule} none valid"))),
            1 => {}
            many => outcome
                .errors
                .push(self.whole(&format!("{rule} {many} valid alternatives"))),
        }
        outcome.merge(best(outcomes));
        outcome
    }

    fn all_of(&mut self, schema: Schema<'_>, value: &Value) -> Outcome {
        let outcomes = self.alternatives(schema, "allOf", value);
        let (count, valid) = (outcomes.len(), valid(&outcomes));
        let mut outcome = Outcome::default();
        outcomes.into_iter().for_each(|one| outcome.merge(one));
        if valid < count {
            let none = if valid == 0 { ". None validated" } else { "" };
            outcome
                .errors
                .push(self.whole(&format!("must validate all the schemas (allOf){none}")));
        }
        outcome
    }
}

fn valid(outcomes: &[Outcome]) -> usize {
    outcomes
        .iter()
        .filter(|outcome| outcome.errors.is_empty())
        .count()
}

/// The first that is valid, or else the first of those in which most is right.
fn best(outcomes: Vec<Outcome>) -> Outcome {
    let rank = |outcome: &Outcome| (outcome.errors.is_empty(), outcome.matches);
    let better = |best: Outcome, next: Outcome| {
        let is_better = !best.errors.is_empty() && rank(&next) > rank(&best);
        if is_better { next } else { best }
    };
    outcomes.into_iter().reduce(better).unwrap_or_default()
}
