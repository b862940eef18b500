//! Which verb a request asks for.

use std::sync::Arc;

use http::Method;

use super::call::{Call, Part};
use crate::error::ApiError;
use crate::http::{Accept, Answer, Query, RequestBody, Target};
use crate::inner::Inner;
use crate::watch;

/// What the HTTP side knows of a request for objects.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) target: Target,
    pub(crate) query: Query,
    pub(crate) accept: Accept,
    pub(crate) agent: String,
    pub(crate) body: RequestBody,
}

/// Answers a request for objects.
pub(crate) async fn dispatch(server: Arc<Inner>, request: Request) -> Result<Answer, ApiError> {
    let Target {
        group,
        version,
        plural,
        ..
    } = &request.target;
    let kind = server
        .kinds
        .get()
        .find(group, version, plural)
        .cloned()
        .ok_or_else(ApiError::unknown_resource)?;
    if !kind.resource.namespaced && request.target.namespace.is_some() {
        return Err(ApiError::unknown_resource());
    }
    if kind.resource.namespaced && request.target.namespace.is_none() && request.target.name.is_some() {
        return Err(ApiError::unknown_resource());
    }
    let part = match request.target.subresource.as_deref() {
        None => Part::Main,
        Some("status") if kind.resource.has_status => Part::Status,
        Some("scale") if kind.resource.scale.is_some() => Part::Scale,
        // Conditions of the status, as far as the rules of this server go.
        Some("approval") if kind.is("certificates.k8s.io", "certificatesigningrequests") => Part::Status,
        Some("finalize") if kind.is("", "namespaces") => Part::Finalize,
        Some("binding") if kind.is("", "pods") => Part::Binding,
        Some(other) => return Err(absent_subresource(&kind.resource.group, plural, other)),
    };
    let Request {
        method,
        target,
        query,
        accept,
        agent,
        body,
    } = request;
    let call = Call {
        server,
        kind,
        namespace: target.namespace.map(Arc::from),
        name: target.name.map(Arc::from),
        part,
        query,
        accept,
        options_kind: match method {
            Method::POST => "CreateOptions",
            Method::PUT => "UpdateOptions",
            Method::PATCH => "PatchOptions",
            Method::DELETE => "DeleteOptions",
            _ => "ListOptions",
        },
        agent,
    };
    if matches!(method, Method::POST | Method::PUT | Method::PATCH) {
        call.check_write_options()?;
    }
    let warnings = warnings(&call, &method);
    let watching = target.watch || call.query.flag("watch").unwrap_or(false);
    // `/watch/…/NAME` watches the collection and shows one object of it.
    if call.name.is_some() && !target.watch {
        call.on_object(&method, &body).await
    } else {
        call.on_collection(&method, watching, &body).await
    }
    .map(|answer| answer.warn(warnings))
}

/// What everybody is told of a deprecated version, and writers of a kind that is only stored.
fn warnings(call: &Call, method: &Method) -> Vec<String> {
    let resource = &call.kind.resource;
    let writes = call.part == Part::Main && matches!(*method, Method::POST | Method::PUT | Method::PATCH);
    let inert = resource.inert.filter(|_| writes).map(str::to_owned);
    let deprecated = resource.deprecated.as_deref().map(str::to_owned);
    deprecated.into_iter().chain(inert).collect()
}

impl Call {
    async fn on_collection(
        self,
        method: &Method,
        watching: bool,
        body: &RequestBody,
    ) -> Result<Answer, ApiError> {
        match *method {
            Method::GET if watching => self.allow("watch").and_then(|()| watch::watch(self)),
            Method::GET => self.allow("list").and_then(|()| self.list()),
            Method::POST => {
                self.allow("create")?;
                if self.kind.resource.namespaced && self.namespace.is_none() {
                    return Err(ApiError::method_not_allowed());
                }
                self.create(body).await
            }
            Method::DELETE => {
                self.allow("deletecollection")?;
                if self.kind.resource.namespaced && self.namespace.is_none() {
                    return Err(ApiError::method_not_allowed());
                }
                self.delete_collection(body).await
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    async fn on_object(&self, method: &Method, body: &RequestBody) -> Result<Answer, ApiError> {
        match (self.part, method) {
            (Part::Scale, &Method::GET) => self.get_scale(),
            (Part::Scale, &Method::PUT) => self.update_scale(body).await,
            (Part::Scale, &Method::PATCH) => self.patch_scale(body).await,
            (Part::Finalize, &Method::PUT) => self.update(body).await,
            (Part::Binding, &Method::POST) => self.bind(body).await,
            (Part::Scale | Part::Finalize | Part::Binding, _) => Err(ApiError::method_not_allowed()),
            (_, &Method::GET) => self.allow("get").and_then(|()| self.get()),
            (_, &Method::PUT) => {
                self.allow("update")?;
                self.update(body).await
            }
            (_, &Method::PATCH) => {
                self.allow("patch")?;
                self.patch(body).await
            }
            (Part::Main, &Method::DELETE) => {
                self.allow("delete")?;
                self.delete(body).await
            }
            _ => Err(ApiError::method_not_allowed()),
        }
    }

    fn allow(&self, verb: &str) -> Result<(), ApiError> {
        if self.kind.resource.verbs.contains(&verb) {
            Ok(())
        } else {
            Err(ApiError::method_not_allowed())
        }
    }
}

/// Subresources that Kubernetes has and this server has not, for instance because no kubelet stands behind
/// it, say so.
fn absent_subresource(group: &str, plural: &str, subresource: &str) -> ApiError {
    let first = subresource.split('/').next().unwrap_or_default();
    let known = match (group, plural) {
        ("", "pods") => [
            "log",
            "exec",
            "attach",
            "portforward",
            "proxy",
            "eviction",
            "ephemeralcontainers",
        ]
        .as_slice(),
        ("", "nodes" | "services") => ["proxy"].as_slice(),
        ("", "serviceaccounts") => ["token"].as_slice(),
        _ => [].as_slice(),
    };
    if !known.contains(&first) {
        return ApiError::unknown_resource();
    }
    let why = match first {
        "log" | "exec" | "attach" | "portforward" => "this API server runs without kubelets",
        "proxy" => "this API server passes no requests on",
        "ephemeralcontainers" => "no kubelet here runs ephemeral containers",
        "eviction" => "this API server evicts no Pods; delete them",
        _ => "this API server signs no tokens",
    };
    ApiError::new(
        501,
        "NotImplemented",
        format!("{plural}/{first} is not served: {why}"),
    )
}
