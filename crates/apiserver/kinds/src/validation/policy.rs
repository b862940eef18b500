//! NetworkPolicies.

use ipnet::IpNet;
use kinglet_api_schema::FieldError;
use serde_json::Value;

use super::Errors;
use super::names;
use crate::json::Json;

/// NetworkPolicy.
pub(crate) fn network_policy(object: &Value) -> Vec<FieldError> {
    let mut errors = Errors::default();
    errors.label_selector("spec.podSelector", object.at("spec.podSelector"));
    for (field, peers) in [("ingress", "from"), ("egress", "to")] {
        for (index, rule) in object.list(&format!("spec.{field}")).iter().enumerate() {
            let path = format!("spec.{field}[{index}]");
            for (index, port) in rule.list("ports").iter().enumerate() {
                policy_port(&mut errors, &format!("{path}.ports[{index}]"), port);
            }
            for (index, peer) in rule.list(peers).iter().enumerate() {
                policy_peer(&mut errors, &format!("{path}.{peers}[{index}]"), peer);
            }
        }
    }
    let types = object.texts("spec.policyTypes");
    if types.len() > 2 {
        errors.invalid(
            "spec.policyTypes",
            object.at("spec.policyTypes").clone(),
            "may not specify more than two policyTypes",
        );
        return errors.0;
    }
    for (index, one) in types.into_iter().enumerate() {
        errors.one_of(
            &format!("spec.policyTypes[{index}]"),
            one,
            &["Ingress", "Egress"],
            true,
        );
    }
    errors.0
}

fn policy_port(errors: &mut Errors, path: &str, port: &Value) {
    let end = format!("{path}.endPort");
    let last = port.at("endPort").clone();
    errors.one_of(
        &format!("{path}.protocol"),
        port.text("protocol"),
        &["TCP", "UDP", "SCTP"],
        false,
    );
    match port.at("port") {
        Value::Null if !last.is_null() => {
            errors.invalid(end, last, "may not be specified when `port` is not specified");
        }
        Value::Null => {}
        Value::String(name) => {
            if !last.is_null() {
                errors.invalid(end, last, "may not be specified when `port` is non-numeric");
            }
            errors.follows(&format!("{path}.port"), name, names::port_name);
        }
        number => {
            errors.port_number(&format!("{path}.port"), number);
            if !last.is_null() {
                if last.as_i64() < number.as_i64() {
                    errors.invalid(
                        end.clone(),
                        last.clone(),
                        "must be greater than or equal to `port`",
                    );
                }
                errors.port_number(&end, &last);
            }
        }
    }
}

fn policy_peer(errors: &mut Errors, path: &str, peer: &Value) {
    let mut selectors = 0;
    for field in ["podSelector", "namespaceSelector"] {
        if peer.has(field) {
            selectors += 1;
            errors.label_selector(&format!("{path}.{field}"), peer.at(field));
        }
    }
    let block = peer.at("ipBlock");
    if !block.is_null() {
        ip_block(errors, &format!("{path}.ipBlock"), block);
    }
    match (selectors, block.is_null()) {
        (0, true) => errors.required(path, "must specify a peer"),
        (1.., false) => errors.forbidden(path, "may not specify both ipBlock and another peer"),
        _ => {}
    }
}

fn ip_block(errors: &mut Errors, path: &str, block: &Value) {
    let cidr = block.text("cidr");
    errors.required_name(&format!("{path}.cidr"), cidr, names::network);
    let Ok(cidr) = cidr.parse::<IpNet>() else {
        return;
    };
    for (index, text) in block.texts("except").into_iter().enumerate() {
        let path = format!("{path}.except[{index}]");
        errors.follows(&path, text, names::network);
        let strict = |except: IpNet| cidr.contains(&except) && except.prefix_len() > cidr.prefix_len();
        if text.parse().is_ok_and(|except| !strict(except)) {
            errors.invalid(path, text, "must be a strict subset of `cidr`");
        }
    }
}
