//! The field numbers of Kubernetes' protobuf messages, as one table of text.
//!
//! `generated.proto` knows numbers and types; the Go types know the names in JSON, which messages are
//! inlined, and for which scalars zero is a value and not its absence (pointers, and fields without
//! `omitempty`).
//!
//! The table has a line for each message (`api.core.v1.Volume`, the name without `k8s.io.`), followed by one
//! for each field: number, name in JSON and type. Instead of a name, `-` says that the fields of a message
//! stand in the parent, `=` that a list stands for the message that wraps it, `|` that of these fields the
//! last one that is set does. A type may start with `[]` (repeated), `{}` (map with text keys) or `*` (zero
//! counts).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::{Context, bail};

use super::kinds::{GROUPS, Group};

/// What clients send besides objects.
const OPTIONS: &str = "apimachinery.pkg.apis.meta.v1.DeleteOptions";
/// Go's unions of apiextensions: the last of the fields that is set stands for the message.
const UNIONS: &[&str] = &[
    "JSONSchemaPropsOrArray",
    "JSONSchemaPropsOrBool",
    "JSONSchemaPropsOrStringArray",
];
/// Messages that JSON shows in a form of their own; the decoder knows them.
const SPECIAL: &[&str] = &[
    "apiextensions_apiserver.pkg.apis.apiextensions.v1.JSON",
    "apimachinery.pkg.api.resource.Quantity",
    "apimachinery.pkg.apis.meta.v1.FieldsV1",
    "apimachinery.pkg.apis.meta.v1.MicroTime",
    "apimachinery.pkg.apis.meta.v1.Time",
    "apimachinery.pkg.runtime.RawExtension",
    INT_OR_STRING,
];
const INT_OR_STRING: &str = "apimachinery.pkg.util.intstr.IntOrString";
const SCALARS: &[&str] = &["bool", "bytes", "double", "int32", "int64", "string"];
const OUT: &str = "crates/apiserver/schema/data/messages.txt";

struct Field {
    number: u32,
    name: String,
    /// `[]`, `{}` or empty.
    container: &'static str,
    kind: String,
    zero_counts: bool,
    /// Whether a Go struct has the field. Go's named list types, such as ExtraValue, are messages without a
    /// struct.
    in_struct: bool,
}

type Messages = BTreeMap<String, Vec<Field>>;

/// Writes the table, from the directories of Go modules, each with the package that it is in messages.
pub(crate) fn generate(modules: &[(&Path, &str)]) -> anyhow::Result<()> {
    let mut messages = Messages::new();
    for (root, package) in modules {
        read_directory(root, package, &mut messages)?;
    }
    let kinds = |group: &'static Group| {
        let package = group.package();
        group.kinds.iter().map(move |kind| format!("{package}.{kind}"))
    };
    let mut wanted: Vec<String> = GROUPS.iter().flat_map(kinds).collect();
    wanted.push(OPTIONS.to_owned());
    let mut done = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if SCALARS.contains(&name.as_str()) || SPECIAL.contains(&name.as_str()) || !done.insert(name.clone())
        {
            continue;
        }
        let fields = messages
            .get(&name)
            .with_context(|| format!("no message {name}"))?;
        wanted.extend(fields.iter().map(|field| field.kind.clone()));
    }
    let table: String = done.iter().map(|name| describe(name, &messages)).collect();
    fs::write(OUT, table).with_context(|| format!("cannot write {OUT}"))
}

fn describe(name: &str, messages: &Messages) -> String {
    let fields = messages.get(name).map(Vec::as_slice).unwrap_or_default();
    let is_union = UNIONS.iter().any(|union| name.ends_with(&format!(".{union}")));
    let fields = fields.iter().map(|field| {
        let name = match (is_union, field.in_struct) {
            (true, _) => "|",
            (false, true) => &field.name,
            (false, false) => "=",
        };
        let zero = if field.zero_counts { "*" } else { "" };
        format!(
            "{} {name} {}{zero}{}\n",
            field.number, field.container, field.kind
        )
    });
    format!("{name}\n{}", fields.collect::<String>())
}

/// Reads the package in a directory, if there is one, and those below.
fn read_directory(directory: &Path, package: &str, messages: &mut Messages) -> anyhow::Result<()> {
    let proto = directory.join("generated.proto");
    if proto.exists() {
        let mut read = read_proto(&fs::read_to_string(proto)?, package)?;
        for entry in fs::read_dir(directory)? {
            let path = entry?.path();
            let is_go = path.extension().is_some_and(|extension| extension == "go");
            let name = path
                .file_name()
                .and_then(|name| name.to_str())
                .unwrap_or_default();
            if is_go
                && !name.starts_with("generated")
                && !name.starts_with("zz_")
                && !name.ends_with("_test.go")
            {
                read_go(&fs::read_to_string(&path)?, package, &mut read);
            }
        }
        messages.extend(read);
    }
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        if let (true, Some(name)) = (path.is_dir(), path.file_name().and_then(|name| name.to_str())) {
            read_directory(&path, &format!("{package}.{name}"), messages)?;
        }
    }
    Ok(())
}

fn read_proto(text: &str, package: &str) -> anyhow::Result<Messages> {
    let mut messages = Messages::new();
    let mut message = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix("message ")
            .and_then(|rest| rest.strip_suffix(" {"))
        {
            message = format!("{package}.{name}");
            messages.insert(message.clone(), Vec::new());
        } else if let Some((field, number)) = line.strip_suffix(';').and_then(|line| line.split_once(" = ")) {
            let Ok(number) = number.parse() else { continue };
            let field = read_field(field, number, package).with_context(|| format!("{message}: {line}"))?;
            messages.entry(message.clone()).or_default().push(field);
        }
    }
    Ok(messages)
}

fn read_field(field: &str, number: u32, package: &str) -> anyhow::Result<Field> {
    let (label, name) = field.rsplit_once(' ').context("no name")?;
    let (container, kind) = if let Some(kind) = label.strip_prefix("optional ") {
        ("", kind)
    } else if let Some(kind) = label.strip_prefix("repeated ") {
        ("[]", kind)
    } else if let Some(kind) = label
        .strip_prefix("map<string, ")
        .and_then(|rest| rest.strip_suffix('>'))
    {
        ("{}", kind)
    } else {
        bail!("a field of unknown form");
    };
    let kind = match kind.strip_prefix(".k8s.io.") {
        Some(absolute) => absolute.to_owned(),
        None if SCALARS.contains(&kind) => kind.to_owned(),
        None => format!("{package}.{kind}"),
    };
    Ok(Field {
        number,
        name: name.to_owned(),
        container,
        kind,
        zero_counts: false,
        in_struct: false,
    })
}

/// Takes the names in JSON and the pointers over from the tags of Go's structs.
fn read_go(text: &str, package: &str, messages: &mut Messages) {
    let mut message = String::new();
    for line in text.lines().map(str::trim) {
        if let Some(name) = line
            .strip_prefix("type ")
            .and_then(|rest| rest.strip_suffix(" struct {"))
        {
            message = format!("{package}.{name}");
        }
        let number = tag(line, "protobuf").and_then(|tag| tag.split(',').nth(1)?.parse::<u32>().ok());
        let Some(number) = number else {
            continue;
        };
        let fields = messages.get_mut(&message).into_iter().flatten();
        let Some(field) = fields.into_iter().find(|field| field.number == number) else {
            continue;
        };
        let json = tag(line, "json").unwrap_or(&field.name).to_owned();
        let has_zero = SCALARS.contains(&field.kind.as_str()) || field.kind == INT_OR_STRING;
        let is_pointer = line
            .split_whitespace()
            .nth(1)
            .is_some_and(|kind| kind.starts_with('*'));
        field.in_struct = true;
        field.zero_counts =
            has_zero && field.container.is_empty() && (is_pointer || !json.contains("omitempty"));
        field.name = match json.split(',').next() {
            None | Some("") => "-".to_owned(),
            Some(name) => name.to_owned(),
        };
    }
}

/// The value of a key in a struct's tag.
fn tag<'a>(line: &'a str, key: &str) -> Option<&'a str> {
    if line.starts_with("//") {
        return None;
    }
    let (_, rest) = line.split_once(&format!("{key}:\""))?;
    rest.split('"').next()
}
