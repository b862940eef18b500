//! Selectors as Kubernetes reads them, by table.

#![allow(clippy::unwrap_used)]

use serde_json::{Value, json};

use super::label_selector::Selector;

fn text_of(selector: &str) -> String {
    Selector::parse(selector).unwrap().to_string()
}

fn error_of(selector: &str) -> String {
    Selector::parse(selector).unwrap_err().to_string()
}

#[test]
fn reads_the_grammar() {
    for (text, normal) in [
        ("", ""),
        ("  ", ""),
        ("x", "x"),
        ("!x", "!x"),
        (" ! x ", "!x"),
        ("x=a", "x=a"),
        ("x==a", "x=a"),
        ("x!=a", "x!=a"),
        ("x=", "x="),
        ("x= ,y", "x=,y"),
        ("x>1,y<2", "x>1,y<2"),
        ("x in (b,a,b)", "x in (a,b)"),
        ("x notin (a)", "x notin (a)"),
        ("x in ()", "x in ()"),
        ("x in (,)", "x in ()"),
        ("x in (foo,,baz),y,z notin ()", "x in (,baz,foo),y,z notin ()"),
        ("in in (in,notin)", "in in (in,notin)"),
        ("notin=in", "notin=in"),
        ("z,a=1,m in (x)", "a=1,m in (x),z"),
        ("example.com/tier=a", "example.com/tier=a"),
        ("x\tin\n(a)", "x in (a)"),
    ] {
        assert_eq!(text_of(text), normal, "{text:?}");
        assert_eq!(text_of(normal), normal, "{normal:?}");
    }
}

#[test]
fn says_what_is_wrong() {
    const NAME: &str = "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character \
        (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";
    let long = "a".repeat(64);
    for (text, message) in [
        ("x,", "found '', expected: identifier after ','".to_owned()),
        ("x a", "unable to parse requirement: found 'a', expected: in, notin, =, ==, !=, gt, lt".into()),
        ("x=a b", "found 'b', expected: ',' or 'end of string'".into()),
        ("!x=a", "found '=', expected: ',' or 'end of string'".into()),
        ("!", "unable to parse requirement: found '', expected: identifier".into()),
        ("=a", "found '=', expected: !, identifier, or 'end of string'".into()),
        ("x=>", "unable to parse requirement: found '>', expected: identifier".into()),
        ("x in a", "unable to parse requirement: found 'a' expected: '('".into()),
        ("x in (", "unable to parse requirement: found '', expected: ',', ')' or identifier".into()),
        ("x in (a", "unable to parse requirement: found '', expected: ',' or ')'".into()),
        ("x in (a,=", "unable to parse requirement: found '=', expected: ',', or identifier".into()),
        (
            "n>x",
            "unable to parse requirement: values[0]: Invalid value: \"x\": for 'Gt', 'Lt' operators, the value must be an integer".into(),
        ),
        ("tier~a", format!("unable to parse requirement: <nil>: Invalid value: \"tier~a\": {NAME}")),
        (
            &format!("{long}=x"),
            format!("unable to parse requirement: <nil>: Invalid value: \"{long}\": name part must be no more than 63 bytes"),
        ),
        ("/x=a", "unable to parse requirement: <nil>: Invalid value: \"/x\": prefix part must be non-empty".into()),
        (
            &format!("x={long}"),
            format!("unable to parse requirement: values[0][x]: Invalid value: \"{long}\": must be no more than 63 bytes"),
        ),
    ] {
        assert_eq!(error_of(text), message, "{text:?}");
    }
    assert!(error_of("A.b/x=a").contains("prefix part a lowercase RFC 1123 subdomain must consist"));
    assert!(error_of("a/b/c=a").contains("with an optional DNS subdomain prefix and '/'"));
    assert!(error_of("x=-").contains("a valid label must be an empty string or consist"));
}

/// Whether a selector matches the labels of an object.
fn matches(selector: &str, object: &serde_json::Value) -> bool {
    let label = |key: &str| object["metadata"]["labels"][key].as_str();
    Selector::parse(selector).unwrap().matches_with(label)
}

#[test]
fn selects_by_labels() {
    let object = json!({"metadata": {"labels": {"tier": "a", "n": "5"}}});
    for (selector, expected) in [
        ("", true),
        ("tier", true),
        ("!tier", false),
        ("other", false),
        ("!other", true),
        ("tier=a", true),
        ("tier!=a", false),
        ("other!=a", true),
        ("other=", false),
        ("tier in (a,b)", true),
        ("tier notin (a,b)", false),
        ("other notin (a,b)", true),
        ("n>4,n<6", true),
        ("n>5", false),
        ("tier>1", false),
        ("other<1", false),
        ("tier=a,n=6", false),
    ] {
        assert_eq!(matches(selector, &object), expected, "{selector}");
    }
    assert!(matches("!tier", &json!({})));
}

#[test]
fn reads_label_selectors() {
    let read = |selector: Value| Selector::from_label_selector(&selector);
    let all = json!({
        "matchLabels": {"z": "1", "b": ""},
        "matchExpressions": [
            {"key": "c", "operator": "In", "values": ["y", "x"]},
            {"key": "d", "operator": "NotIn", "values": ["x"]},
            {"key": "a", "operator": "Exists"},
            {"key": "e", "operator": "DoesNotExist"},
        ],
    });
    assert_eq!(
        read(all).unwrap().unwrap().to_string(),
        "a,b=,c in (x,y),d notin (x),!e,z=1"
    );
    assert_eq!(read(Value::Null).unwrap(), None);
    assert!(read(json!({})).unwrap().unwrap().is_empty());
    for (expression, message) in [
        (
            json!({"key": "a", "operator": "Is"}),
            "\"Is\" is not a valid label selector operator",
        ),
        (
            json!({"key": "a", "operator": "In"}),
            "values: Invalid value: null: for 'in', 'notin' operators, values set can't be empty",
        ),
        (
            json!({"key": "a", "operator": "Exists", "values": ["x"]}),
            "values: Invalid value: [\"x\"]: values set must be empty for exists and does not exist",
        ),
    ] {
        let error = read(json!({"matchExpressions": [expression]})).unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
