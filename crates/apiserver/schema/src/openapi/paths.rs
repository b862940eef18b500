//! The paths of a group and version.

use serde_json::{Map, Value, json};

use super::operation::{Action, Operation, parameters};
use super::resource::{OpenApiResource, reference};

const META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1";
const SCALE: &str = "io.k8s.api.autoscaling.v1.Scale";

/// All paths; `definition` gives the name of a kind's definition.
pub(super) fn paths(
    group: &str,
    version: &str,
    resources: &[OpenApiResource<'_>],
    definition: &dyn Fn(&str) -> Option<String>,
) -> Map<String, Value> {
    let base = match group {
        "" => format!("/api/{version}"),
        group => format!("/apis/{group}/{version}"),
    };
    let mut paths = Map::new();
    // As in Kubernetes, whose documents of custom resources have no path for the group itself.
    if resources.iter().any(|resource| resource.custom_schema.is_none()) {
        paths.insert(format!("{base}/"), available_resources(group, version));
    }
    for resource in resources {
        let schema =
            |kind| definition(kind).map_or_else(|| json!({"type": "object"}), |name| reference(&name));
        let operation = Operation {
            group,
            version,
            resource,
            subresource: "",
            object: schema(resource.kind),
            list: schema(resource.list_kind),
            all_namespaces: false,
        };
        add_resource(&mut paths, &base, &operation);
    }
    paths
}

fn add_resource(paths: &mut Map<String, Value>, base: &str, operation: &Operation<'_>) {
    let (plural, namespaced) = (operation.resource.plural, operation.resource.namespaced);
    let collection = if namespaced {
        format!("{base}/namespaces/{{namespace}}/{plural}")
    } else {
        format!("{base}/{plural}")
    };
    let object = format!("{collection}/{{name}}");
    let mut add = |path: String, operation: &Operation<'_>, actions: &[Action]| {
        let allowed = actions
            .iter()
            .filter(|action| operation.resource.verbs.contains(&action.verb()));
        let mut item: Map<String, Value> = allowed
            .map(|action| (action.method().to_owned(), operation.describe(*action)))
            .collect();
        if !item.is_empty() {
            item.insert("parameters".into(), path_parameters(&path));
            paths.insert(path, item.into());
        }
    };
    if namespaced {
        let everywhere = Operation {
            all_namespaces: true,
            ..operation.clone()
        };
        add(format!("{base}/{plural}"), &everywhere, &[Action::List]);
    }
    add(
        collection,
        operation,
        &[Action::List, Action::Create, Action::DeleteCollection],
    );
    let changes = [Action::Get, Action::Update, Action::Patch];
    add(
        object.clone(),
        operation,
        &[&changes[..], &[Action::Delete]].concat(),
    );
    if operation.resource.has_status {
        let status = Operation {
            subresource: "status",
            ..operation.clone()
        };
        add(format!("{object}/status"), &status, &changes);
    }
    if operation.resource.has_scale {
        let scale = Operation {
            subresource: "scale",
            object: reference(SCALE),
            ..operation.clone()
        };
        add(format!("{object}/scale"), &scale, &changes);
    }
}

fn path_parameters(path: &str) -> Value {
    let in_path = |name: &str| json!({"name": name, "in": "path", "required": true, "schema": {"type": "string", "uniqueItems": true}});
    let named = ["name", "namespace"]
        .into_iter()
        .filter(|name| path.contains(&format!("{{{name}}}")))
        .map(in_path);
    named.chain(parameters(&["pretty"])).collect()
}

fn available_resources(group: &str, version: &str) -> Value {
    json!({"get": {
        "description": "get available resources",
        "operationId": format!("get{}APIResources", super::operation::group_version(group, version)),
        "tags": [super::operation::tag(group, version)],
        "responses": {
            "200": {"description": "OK", "content": super::operation::content(&reference(&format!("{META}.APIResourceList")))},
            "401": {"description": "Unauthorized"},
        },
    }})
}
