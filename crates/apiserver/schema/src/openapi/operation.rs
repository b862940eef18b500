//! One operation: its parameters, its body and its answers.

use serde_json::{Map, Value, json};

use super::resource::{OpenApiResource, reference};

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    Get,
    List,
    Create,
    Update,
    Patch,
    Delete,
    DeleteCollection,
}

impl Action {
    /// Verb of discovery.
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::List => "list",
            Self::Create => "create",
            Self::Update => "update",
            Self::Patch => "patch",
            Self::Delete => "delete",
            Self::DeleteCollection => "deletecollection",
        }
    }

    /// HTTP method, in lower case.
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Get | Self::List => "get",
            Self::Create => "post",
            Self::Update => "put",
            Self::Patch => "patch",
            Self::Delete | Self::DeleteCollection => "delete",
        }
    }

    /// `x-kubernetes-action`.
    fn name(self) -> &'static str {
        match self {
            Self::Create | Self::Update => self.method(),
            _ => self.verb(),
        }
    }

    /// First word of the operation's identifier.
    fn word(self) -> &'static str {
        match self {
            Self::Get => "read",
            Self::Update => "replace",
            Self::DeleteCollection => "delete",
            _ => self.verb(),
        }
    }

    fn parameters(self) -> Vec<&'static str> {
        match self {
            Self::Get => Vec::new(),
            Self::List => [SELECT, WATCH].concat(),
            Self::Create | Self::Update => WRITE.to_vec(),
            Self::Patch => [WRITE, &["force"]].concat(),
            Self::Delete => DELETE.to_vec(),
            Self::DeleteCollection => [SELECT, DELETE].concat(),
        }
    }
}

const SELECT: &[&str] = &[
    "continue",
    "fieldSelector",
    "labelSelector",
    "limit",
    "resourceVersion",
    "resourceVersionMatch",
    "sendInitialEvents",
    "timeoutSeconds",
];
const WATCH: &[&str] = &["allowWatchBookmarks", "watch"];
const WRITE: &[&str] = &["dryRun", "fieldManager", "fieldValidation"];
const DELETE: &[&str] = &[
    "dryRun",
    "gracePeriodSeconds",
    "orphanDependents",
    "propagationPolicy",
];

/// Query parameters: name, type, meaning.
const PARAMETERS: &[(&str, &str, &str)] = &[
    (
        "allowWatchBookmarks",
        "boolean",
        "Whether a watch may send events of type BOOKMARK.",
    ),
    ("continue", "string", "The token of the previous part of a list."),
    (
        "dryRun",
        "string",
        "With `All`, everything is checked and nothing is stored.",
    ),
    (
        "fieldManager",
        "string",
        "The name under which the changes are recorded.",
    ),
    (
        "fieldSelector",
        "string",
        "Restricts the answer to objects with these values of fields.",
    ),
    (
        "fieldValidation",
        "string",
        "What happens to unknown and duplicate fields: Ignore drops them, Warn drops them and warns, Strict refuses the request.",
    ),
    (
        "force",
        "boolean",
        "Takes over fields that another manager of server-side apply owns.",
    ),
    (
        "gracePeriodSeconds",
        "integer",
        "Seconds before the object goes; 0 means at once.",
    ),
    (
        "labelSelector",
        "string",
        "Restricts the answer to objects with these labels.",
    ),
    ("limit", "integer", "The most objects that one answer may hold."),
    ("orphanDependents", "boolean", "Use propagationPolicy instead."),
    ("pretty", "string", "Whether the answer is indented."),
    (
        "propagationPolicy",
        "string",
        "What happens to dependents: Orphan, Background or Foreground.",
    ),
    (
        "resourceVersion",
        "string",
        "The version that the answer shows or a watch starts from.",
    ),
    (
        "resourceVersionMatch",
        "string",
        "How resourceVersion is meant: Exact or NotOlderThan.",
    ),
    (
        "sendInitialEvents",
        "boolean",
        "Whether a watch starts with the present objects.",
    ),
    ("timeoutSeconds", "integer", "How long the request may last."),
    ("watch", "boolean", "Sends changes instead of a list."),
];

/// Query parameters by name.
pub(super) fn parameters(names: &[&str]) -> Vec<Value> {
    PARAMETERS
        .iter()
        .filter(|(name, ..)| names.contains(name))
        .map(|(name, kind, description)| {
            json!({"name": name, "in": "query", "description": description, "schema": {"type": kind, "uniqueItems": true}})
        })
        .collect()
}

/// What the operations on one path have in common.
#[derive(Clone)]
pub(super) struct Operation<'a> {
    pub(super) group: &'a str,
    pub(super) version: &'a str,
    pub(super) resource: &'a OpenApiResource<'a>,
    /// `status`, `scale` or empty.
    pub(super) subresource: &'static str,
    /// Schema of the object in bodies and answers.
    pub(super) object: Value,
    /// Schema of a list.
    pub(super) list: Value,
    /// Whether the path lists namespaced objects of all namespaces.
    pub(super) all_namespaces: bool,
}

impl Operation<'_> {
    /// The operation of an action.
    pub(super) fn describe(&self, action: Action) -> Value {
        let mut operation = json!({
            "description": self.description(action),
            "operationId": self.identifier(action),
            "tags": [tag(self.group, self.version)],
            "responses": self.responses(action),
            "x-kubernetes-action": action.name(),
            "x-kubernetes-group-version-kind": self.group_version_kind(),
        });
        let parameters = parameters(&action.parameters());
        if !parameters.is_empty() {
            operation["parameters"] = parameters.into();
        }
        if let Some(body) = self.body(action) {
            operation["requestBody"] = body;
        }
        operation
    }

    fn group_version_kind(&self) -> Value {
        match (self.subresource, self.resource.custom_schema) {
            ("scale", None) => json!({"group": "autoscaling", "version": "v1", "kind": "Scale"}),
            _ => json!({"group": self.group, "version": self.version, "kind": self.resource.kind}),
        }
    }

    fn description(&self, action: Action) -> String {
        let kind = self.resource.kind;
        let part = match self.subresource {
            "" => String::new(),
            subresource => format!("{subresource} of "),
        };
        match action {
            Action::Get => format!("read {part}the specified {kind}"),
            Action::List => format!("list or watch objects of kind {kind}"),
            Action::Create => format!("create a {kind}"),
            Action::Update => format!("replace {part}the specified {kind}"),
            Action::Patch => format!("partially update {part}the specified {kind}"),
            Action::Delete => format!("delete a {kind}"),
            Action::DeleteCollection => format!("delete collection of {kind}"),
        }
    }

    fn identifier(&self, action: Action) -> String {
        let collection = if action == Action::DeleteCollection {
            "Collection"
        } else {
            ""
        };
        let scope = if self.resource.namespaced && !self.all_namespaces {
            "Namespaced"
        } else {
            ""
        };
        let everywhere = if self.all_namespaces {
            "ForAllNamespaces"
        } else {
            ""
        };
        format!(
            "{}{}{collection}{scope}{}{}{everywhere}",
            action.word(),
            group_version(self.group, self.version),
            self.resource.kind,
            capital(self.subresource),
        )
    }

    fn responses(&self, action: Action) -> Value {
        let status = reference("io.k8s.apimachinery.pkg.apis.meta.v1.Status");
        let (schema, codes): (&Value, &[(&str, &str)]) = match action {
            Action::Get => (&self.object, &[("200", "OK")]),
            Action::List => (&self.list, &[("200", "OK")]),
            Action::Create => (
                &self.object,
                &[("200", "OK"), ("201", "Created"), ("202", "Accepted")],
            ),
            Action::Update | Action::Patch => (&self.object, &[("200", "OK"), ("201", "Created")]),
            Action::Delete => (&status, &[("200", "OK"), ("202", "Accepted")]),
            Action::DeleteCollection => (&status, &[("200", "OK")]),
        };
        let mut responses: Map<String, Value> = codes
            .iter()
            .map(|(code, text)| {
                (
                    (*code).to_owned(),
                    json!({"description": text, "content": content(schema)}),
                )
            })
            .collect();
        responses.insert("401".into(), json!({"description": "Unauthorized"}));
        responses.into()
    }

    fn body(&self, action: Action) -> Option<Value> {
        let options = reference("io.k8s.apimachinery.pkg.apis.meta.v1.DeleteOptions");
        match action {
            Action::Get | Action::List => None,
            Action::Create | Action::Update => {
                Some(json!({"required": true, "content": {"*/*": {"schema": self.object}}}))
            }
            Action::Patch => Some(json!({"required": true, "content": self.patches()})),
            Action::Delete | Action::DeleteCollection => {
                Some(json!({"content": {"*/*": {"schema": options}}}))
            }
        }
    }

    /// Custom resources have no strategic merge patch.
    fn patches(&self) -> Value {
        let patch = json!({"schema": reference("io.k8s.apimachinery.pkg.apis.meta.v1.Patch")});
        let built_in = self.resource.custom_schema.is_none();
        [
            "application/apply-patch+yaml",
            "application/json-patch+json",
            "application/merge-patch+json",
        ]
        .into_iter()
        .chain(built_in.then_some("application/strategic-merge-patch+json"))
        .map(|kind| (kind.to_owned(), patch.clone()))
        .collect::<Map<String, Value>>()
        .into()
    }
}

/// A schema in every format of answers.
pub(super) fn content(schema: &Value) -> Value {
    let schema = json!({"schema": schema});
    json!({"application/json": schema, "application/yaml": schema})
}

/// `Core`, `Apps`, `RbacAuthorization`, `StableExampleCom`: the group without Kubernetes' own suffix, and the
/// version.
pub(super) fn group_version(group: &str, version: &str) -> String {
    let group = if group.is_empty() { "core" } else { group };
    let words = group.strip_suffix(".k8s.io").unwrap_or(group).split(['.', '-']);
    words.chain([version]).map(capital).collect()
}

/// `core_v1`, `rbacAuthorization_v1`.
pub(super) fn tag(group: &str, version: &str) -> String {
    let name = group_version(group, "");
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_lowercase());
    format!(
        "{}{}_{version}",
        first.into_iter().collect::<String>(),
        letters.as_str()
    )
}

fn capital(word: &str) -> String {
    let mut letters = word.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}
