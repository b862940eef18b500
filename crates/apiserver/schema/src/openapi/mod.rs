//! OpenAPI v3 documents, one per group and version: the paths of what is served and the definitions that they
//! refer to.
//!
//! kubectl reads them to explain kinds, to learn whether the server validates fields (the `fieldValidation`
//! parameter of a PATCH), and to make strategic merge patches.

mod operation;
mod paths;
mod resource;

use std::hash::{Hash, Hasher};

use serde_json::{Map, Value, json};

pub use self::resource::OpenApiResource;
pub(crate) use self::resource::reference;
use crate::{Definitions, builtin, structural};

/// The smallest OpenAPI v2 document, in the protobuf form that clients ask for (`swagger`, and `title` and
/// `version` of `info`). `kubectl explain` before 1.29 wants one, though it then explains from v3.
pub const V2_DOCUMENT: &[u8] = b"\x0a\x032.0\x12\x19\x0a\x0aKubernetes\x12\x0bunversioned";

/// Media type of [`V2_DOCUMENT`].
pub const V2_MEDIA_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

/// The OpenAPI v3 document of a group and version.
pub fn document(group: &str, version: &str, resources: &[OpenApiResource<'_>]) -> Value {
    let documented = builtin::documented();
    let mut schemas = Map::new();
    for resource in resources
        .iter()
        .filter(|resource| resource.custom_schema.is_some())
    {
        add_custom(&mut schemas, group, version, resource, &documented);
    }
    let paths = paths::paths(group, version, resources, &|kind| {
        definition_name(group, version, kind, resources)
    });
    let mut document = json!({
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": "unversioned"},
        "paths": paths,
        "components": {"schemas": schemas},
    });
    add_referenced(&mut document, &documented);
    document
}

/// What changes whenever the document of a group and version does: the `hash` in its URL, and its entity tag.
pub fn fingerprint(group: &str, version: &str, resources: &[OpenApiResource<'_>]) -> String {
    // Without random keys, so that clients find their cached documents right after a restart.
    let mut hasher = std::hash::DefaultHasher::new();
    (builtin::documented_bytes(), group, version).hash(&mut hasher);
    for resource in resources {
        format!("{resource:?}").hash(&mut hasher);
    }
    format!("{:016X}", hasher.finish())
}

/// The name of a kind's definition: the built-in one, or the group reversed with version and kind.
fn definition_name(
    group: &str,
    version: &str,
    kind: &str,
    resources: &[OpenApiResource<'_>],
) -> Option<String> {
    let is_custom = resources.iter().any(|resource| {
        resource.custom_schema.is_some() && [resource.kind, resource.list_kind].contains(&kind)
    });
    if is_custom {
        let reversed: Vec<&str> = group.rsplit('.').collect();
        return Some(format!("{}.{version}.{kind}", reversed.join(".")));
    }
    let document = builtin::document(group, version, kind)?;
    document.schema().definition_name().map(str::to_owned)
}

fn add_custom(
    schemas: &mut Map<String, Value>,
    group: &str,
    version: &str,
    resource: &OpenApiResource<'_>,
    documented: &Definitions,
) {
    let name = |kind| definition_name(group, version, kind, &[*resource]).unwrap_or_default();
    let tag = |kind: &str| json!([{"group": group, "version": version, "kind": kind}]);
    let mut object = structural::with_object_fields(resource.custom_schema, documented);
    spell_int_or_string(&mut object);
    object[builtin::GROUP_VERSION_KIND] = tag(resource.kind);
    schemas.insert(name(resource.kind), object);

    // Besides `items`, lists of all kinds have the same fields.
    let mut list = documented
        .get("io.k8s.api.core.v1.ConfigMapList")
        .cloned()
        .unwrap_or_default();
    let conventions = "https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md";
    list["description"] = format!("{} is a list of {}", resource.list_kind, resource.kind).into();
    list["properties"]["items"] = json!({
        "description": format!("List of {}. More info: {conventions}", resource.plural),
        "type": "array", "items": reference(&name(resource.kind)),
    });
    list[builtin::GROUP_VERSION_KIND] = tag(resource.list_kind);
    schemas.insert(name(resource.list_kind), list);
}

/// Says of integer-or-string what it is in words that every reader of OpenAPI knows.
fn spell_int_or_string(node: &mut Value) {
    match node {
        Value::Object(fields) => {
            // Those two are the author's own way to spell it, which structural schemas may use.
            let is_short = fields.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
            if is_short && !fields.contains_key("anyOf") && !fields.contains_key("allOf") {
                fields.insert("anyOf".into(), json!([{"type": "integer"}, {"type": "string"}]));
            }
            fields.values_mut().for_each(spell_int_or_string);
        }
        Value::Array(items) => items.iter_mut().for_each(spell_int_or_string),
        _ => {}
    }
}

/// Adds all definitions that the document refers to, and those that they refer to.
fn add_referenced(document: &mut Value, documented: &Definitions) {
    let mut wanted = Vec::new();
    references(document, &mut wanted);
    let mut found = Map::new();
    while let Some(name) = wanted.pop() {
        if let (false, Some(schema)) = (found.contains_key(&name), documented.get(&name)) {
            references(schema, &mut wanted);
            found.insert(name, schema.clone());
        }
    }
    if let Some(schemas) = document
        .pointer_mut("/components/schemas")
        .and_then(Value::as_object_mut)
    {
        schemas.extend(found);
    }
}

fn references(node: &Value, into: &mut Vec<String>) {
    match node {
        Value::Object(fields) => {
            let reference = fields.get("$ref").and_then(Value::as_str);
            into.extend(
                reference
                    .and_then(|text| text.strip_prefix("#/components/schemas/"))
                    .map(str::to_owned),
            );
            fields.values().for_each(|child| references(child, into));
        }
        Value::Array(items) => items.iter().for_each(|child| references(child, into)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const VERBS: &[&str] = &[
        "create",
        "delete",
        "deletecollection",
        "get",
        "list",
        "patch",
        "update",
        "watch",
    ];
    const DEPLOYMENT: OpenApiResource<'_> = OpenApiResource {
        kind: "Deployment",
        list_kind: "DeploymentList",
        plural: "deployments",
        namespaced: true,
        verbs: VERBS,
        has_status: true,
        has_scale: true,
        custom_schema: None,
    };

    fn assert_closed(document: &Value) {
        let mut names = Vec::new();
        references(document, &mut names);
        assert!(!names.is_empty());
        for name in names {
            assert!(document["components"]["schemas"].get(&name).is_some(), "{name}");
        }
    }

    #[test]
    fn built_in_resources() {
        let document = document("apps", "v1", &[DEPLOYMENT]);
        assert_closed(&document);
        let paths: Vec<&String> = document["paths"].as_object().unwrap().keys().collect();
        assert_eq!(
            paths,
            [
                "/apis/apps/v1/",
                "/apis/apps/v1/deployments",
                "/apis/apps/v1/namespaces/{namespace}/deployments",
                "/apis/apps/v1/namespaces/{namespace}/deployments/{name}",
                "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/scale",
                "/apis/apps/v1/namespaces/{namespace}/deployments/{name}/status",
            ]
        );
        let object = &document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"];
        assert_eq!(object["patch"]["operationId"], "patchAppsV1NamespacedDeployment");
        assert_eq!(object["patch"]["x-kubernetes-action"], "patch");
        assert_eq!(
            object["patch"]["x-kubernetes-group-version-kind"],
            json!({"group": "apps", "version": "v1", "kind": "Deployment"})
        );
        let parameters = object["patch"]["parameters"].as_array().unwrap();
        assert!(
            parameters
                .iter()
                .any(|one| one["name"] == "fieldValidation" && one["in"] == "query")
        );
        let schema = &document["components"]["schemas"]["io.k8s.api.apps.v1.DeploymentSpec"];
        assert!(schema["properties"]["replicas"]["description"].is_string());
        assert!(
            document["components"]["schemas"]
                .get("io.k8s.api.core.v1.Service")
                .is_none()
        );
    }

    #[test]
    fn resources_that_are_only_created() {
        let review = OpenApiResource {
            kind: "SelfSubjectAccessReview",
            list_kind: "",
            plural: "selfsubjectaccessreviews",
            namespaced: false,
            verbs: &["create"],
            has_status: false,
            has_scale: false,
            custom_schema: None,
        };
        let document = document("authorization.k8s.io", "v1", &[review]);
        assert_closed(&document);
        let path = &document["paths"]["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"];
        assert_eq!(
            path["post"]["operationId"],
            "createAuthorizationV1SelfSubjectAccessReview"
        );
        assert!(path.get("get").is_none());
    }

    #[test]
    fn custom_resources() {
        let schema = json!({"type": "object", "description": "A tab.", "properties": {"spec": {"type": "object", "properties": {
            "port": {"x-kubernetes-int-or-string": true},
        }}}});
        let tab = OpenApiResource {
            kind: "CronTab",
            list_kind: "CronTabList",
            plural: "crontabs",
            custom_schema: Some(&schema),
            ..DEPLOYMENT
        };
        let document = document("stable.example.com", "v1", &[tab]);
        assert_closed(&document);
        let definition = &document["components"]["schemas"]["com.example.stable.v1.CronTab"];
        assert_eq!(definition["description"], "A tab.");
        assert_eq!(
            definition["x-kubernetes-group-version-kind"],
            json!([{"group": "stable.example.com", "version": "v1", "kind": "CronTab"}])
        );
        assert_eq!(
            definition["properties"]["spec"]["properties"]["port"],
            json!({"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]})
        );
        for name in ["apiVersion", "kind", "metadata"] {
            assert!(
                definition["properties"][name]["description"].is_string(),
                "{name}"
            );
        }
        let list = &document["components"]["schemas"]["com.example.stable.v1.CronTabList"];
        assert_eq!(
            list["properties"]["items"]["items"],
            reference("com.example.stable.v1.CronTab")
        );
        let path = "/apis/stable.example.com/v1/namespaces/{namespace}/crontabs/{name}";
        let scale = &document["paths"][format!("{path}/scale")]["get"];
        assert_eq!(scale["x-kubernetes-group-version-kind"]["kind"], "CronTab");
        let patches = document["paths"][path]["patch"]["requestBody"]["content"]
            .as_object()
            .unwrap();
        assert!(!patches.contains_key("application/strategic-merge-patch+json"));
    }

    #[test]
    fn fingerprints_follow_the_resources() {
        let one = fingerprint("apps", "v1", &[DEPLOYMENT]);
        let other = OpenApiResource {
            has_scale: false,
            ..DEPLOYMENT
        };
        assert_eq!(one, fingerprint("apps", "v1", &[DEPLOYMENT]));
        assert_ne!(one, fingerprint("apps", "v1", &[other]));
    }
}
