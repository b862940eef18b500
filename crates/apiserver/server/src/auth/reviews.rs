//! Reviews: kinds that are only created, and whose answer is their status.

use serde_json::{Value, json};

use super::authority::Authority;
use super::identity::Identity;

/// One kind of review.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Review {
    pub(crate) group: &'static str,
    pub(crate) kind: &'static str,
    pub(crate) plural: &'static str,
    pub(crate) namespaced: bool,
}

impl Review {
    /// All reviews; each is served as `v1`.
    pub(crate) const ALL: [Self; 6] = [
        Self::new(
            "authentication.k8s.io",
            "SelfSubjectReview",
            "selfsubjectreviews",
            false,
        ),
        Self::new("authentication.k8s.io", "TokenReview", "tokenreviews", false),
        Self::new(
            "authorization.k8s.io",
            "LocalSubjectAccessReview",
            "localsubjectaccessreviews",
            true,
        ),
        Self::new(
            "authorization.k8s.io",
            "SelfSubjectAccessReview",
            "selfsubjectaccessreviews",
            false,
        ),
        Self::new(
            "authorization.k8s.io",
            "SelfSubjectRulesReview",
            "selfsubjectrulesreviews",
            false,
        ),
        Self::new(
            "authorization.k8s.io",
            "SubjectAccessReview",
            "subjectaccessreviews",
            false,
        ),
    ];

    const fn new(group: &'static str, kind: &'static str, plural: &'static str, namespaced: bool) -> Self {
        Self {
            group,
            kind,
            plural,
            namespaced,
        }
    }

    /// The review of a URL.
    pub(crate) fn find(group: &str, version: &str, plural: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|one| one.group == group && version == "v1" && one.plural == plural)
    }
}

/// Answers a review.
pub(crate) fn review(kind: Review, mut object: Value, identity: &Identity, authority: &Authority) -> Value {
    object["kind"] = kind.kind.into();
    object["apiVersion"] = format!("{}/v1", kind.group).into();
    if object
        .get("metadata")
        .is_none_or(|metadata| !metadata.is_object())
    {
        // Go writes a time that is not set as null.
        object["metadata"] = json!({"creationTimestamp": null});
    }
    let status = match kind.kind {
        "SelfSubjectReview" => json!({"userInfo": user_info(identity)}),
        "TokenReview" => token_status(&object, authority),
        "SelfSubjectAccessReview" => access_status(identity.is_admin()),
        "SelfSubjectRulesReview" => rules_status(identity),
        _ => access_status(names_admin(&object)),
    };
    object["status"] = status;
    object
}

fn user_info(identity: &Identity) -> Value {
    let groups: Vec<&str> = identity.groups.iter().map(AsRef::as_ref).collect();
    json!({"username": &*identity.user, "groups": groups})
}

fn token_status(object: &Value, authority: &Authority) -> Value {
    let token = object
        .pointer("/spec/token")
        .and_then(Value::as_str)
        .unwrap_or_default();
    match authority.identity_of_token(token) {
        Some(identity) => json!({"authenticated": true, "user": user_info(&identity)}),
        // Without `authenticated`: Go leaves out what is false (`omitempty`).
        None => json!({"user": {}, "error": "the token is not known"}),
    }
}

const ALLOWED: &str = "administrators may do everything; RBAC objects are stored, not enforced";
const REFUSED: &str = "this API server knows administrators only; RBAC objects are stored, not enforced";

fn access_status(allowed: bool) -> Value {
    if allowed {
        json!({"allowed": true, "reason": ALLOWED})
    } else {
        json!({"allowed": false, "reason": REFUSED})
    }
}

fn rules_status(identity: &Identity) -> Value {
    let (resources, paths) = if identity.is_admin() {
        (
            json!([{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]),
            json!([{"verbs": ["*"], "nonResourceURLs": ["*"]}]),
        )
    } else {
        (json!([]), json!([]))
    };
    json!({"resourceRules": resources, "nonResourceRules": paths, "incomplete": false})
}

/// Whether the subject of an access review is an administrator: a member of the group, or the user whom this
/// server's certificate and token name.
fn names_admin(object: &Value) -> bool {
    let user = object.pointer("/spec/user").and_then(Value::as_str);
    let groups = object.pointer("/spec/groups").and_then(Value::as_array);
    user == Some(&*Identity::admin().user)
        || groups.is_some_and(|groups| groups.iter().any(|group| group == super::identity::MASTERS))
}
