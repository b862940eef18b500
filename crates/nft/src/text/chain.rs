//! Prints chains.

use super::{rule, words};
use crate::object::{BaseChain, Chain, Family, Hook, Rule, priority};

/// Farthest from a named priority that is printed with its name.
const REACH: i32 = 10;

/// A chain with its rules.
pub(super) fn block(family: Family, chain: &Chain, rules: &[Rule]) -> String {
    let mut lines = format!("\tchain {} {{\n", chain.name);
    if let Some(comment) = &chain.comment {
        lines += &format!("\t\tcomment \"{comment}\"\n");
    }
    if let Some(base) = &chain.base {
        lines += &format!("\t\t{}\n", base_chain(family, base));
    }
    for one in rules {
        lines += &format!("\t\t{}\n", rule::line(family, one));
    }
    lines + "\t}\n"
}

fn base_chain(family: Family, base: &BaseChain) -> String {
    let mut line = format!("type {} hook {}", base.chain_type.name(), words::hook(base.hook));
    if let Some(device) = &base.device {
        line += &format!(" device \"{device}\"");
    }
    let priority = priority_text(family, base.hook, base.priority);
    line + &format!(" priority {priority}; policy {};", words::policy(base.policy))
}

/// The priority by its distance from a named one, where one is near.
fn priority_text(family: Family, hook: Hook, value: i32) -> String {
    for (name, named) in names(family, hook) {
        match value.saturating_sub(*named) {
            0 => return (*name).to_owned(),
            distance if (1..=REACH).contains(&distance) => return format!("{name} + {distance}"),
            distance if (-REACH..0).contains(&distance) => return format!("{name} - {}", -distance),
            _ => {}
        }
    }
    value.to_string()
}

/// The named priorities of a hook.
fn names(family: Family, hook: Hook) -> &'static [(&'static str, i32)] {
    const COMMON: &[(&str, i32)] = &[
        ("filter", priority::FILTER),
        ("raw", priority::RAW),
        ("mangle", priority::MANGLE),
        ("security", priority::SECURITY),
    ];
    const PRE: &[(&str, i32)] = &[
        ("filter", priority::FILTER),
        ("raw", priority::RAW),
        ("mangle", priority::MANGLE),
        ("security", priority::SECURITY),
        ("dstnat", priority::DSTNAT),
    ];
    const POST: &[(&str, i32)] = &[
        ("filter", priority::FILTER),
        ("raw", priority::RAW),
        ("mangle", priority::MANGLE),
        ("security", priority::SECURITY),
        ("srcnat", priority::SRCNAT),
    ];
    match (family, hook) {
        // `NF_BR_PRI_*`: bridges have other values for the same names.
        (Family::Bridge, Hook::Prerouting) => &[("filter", -200), ("dstnat", -300)],
        (Family::Bridge, Hook::Output) => &[("filter", -200), ("out", 100)],
        (Family::Bridge, Hook::Postrouting) => &[("filter", -200), ("srcnat", 300)],
        (Family::Bridge, _) => &[("filter", -200)],
        (Family::Netdev, _) => &[("filter", priority::FILTER)],
        (_, Hook::Prerouting) => PRE,
        (_, Hook::Postrouting) => POST,
        _ => COMMON,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn priorities_near_a_name_bear_it() {
        let text = |hook, value| priority_text(Family::Inet, hook, value);
        assert_eq!(text(Hook::Prerouting, -110), "dstnat - 10");
        assert_eq!(text(Hook::Prerouting, -111), "-111");
        assert_eq!(text(Hook::Output, -110), "-110");
        assert_eq!(text(Hook::Forward, 7), "filter + 7");
        assert_eq!(text(Hook::Postrouting, 100), "srcnat");
    }
}
