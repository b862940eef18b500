//! Permissions that a component needs, and waiting until it has them.
//!
//! A component that starts before its RBAC objects, or before the API server, must neither end nor fill the
//! log: it waits here, says once what is missing, and goes on.

use std::collections::BTreeSet;
use std::fmt;
use std::time::Duration;

use kinglet_model::{Meta, Object};
use kube::Client;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{Backoff, Collection, RequestError, Resource};

/// Longest pause between two questions: a granted permission is noticed within this time.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// Something that RBAC may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// The verb, for instance `watch`.
    pub verb: &'static str,
    /// API group, empty for the core group.
    pub group: &'static str,
    /// Plural resource name, with a subresource after a slash, for instance `nodes/status`.
    pub resource: &'static str,
    /// The namespace; empty for cluster-scoped resources, and for all namespaces.
    pub namespace: &'static str,
    /// The object's name; empty for all.
    pub name: &'static str,
}

impl fmt::Display for Permission {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} {}", self.verb, self.resource)?;
        if !self.group.is_empty() {
            write!(formatter, ".{}", self.group)?;
        }
        if !self.name.is_empty() {
            write!(formatter, " {}", self.name)?;
        }
        if !self.namespace.is_empty() {
            write!(formatter, " in namespace {}", self.namespace)?;
        }
        Ok(())
    }
}

/// What a component waits for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Obstacle {
    /// A permission is missing.
    Missing(Permission),
    /// The API server does not even answer what is allowed.
    Refused(String),
    /// The API server cannot be reached.
    Unreachable(String),
}

impl fmt::Display for Obstacle {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing(permission) => write!(formatter, "not allowed: {permission}"),
            Self::Refused(error) => {
                write!(
                    formatter,
                    "not allowed: create selfsubjectaccessreviews.authorization.k8s.io: {error}"
                )
            }
            Self::Unreachable(error) => write!(formatter, "API server: {error}"),
        }
    }
}

/// Waits until all permissions are there. Every obstacle is reported once, however long it
/// stays.
pub async fn wait(client: &Client, needed: &[Permission], mut report: impl FnMut(&Obstacle)) {
    let mut reported = BTreeSet::new();
    let mut backoff = Backoff::new();
    loop {
        let obstacles = obstacles(client, needed).await;
        if obstacles.is_empty() {
            return;
        }
        for obstacle in obstacles {
            if reported.insert(without_text(&obstacle)) {
                report(&obstacle);
            }
        }
        tokio::time::sleep(backoff.pause().min(LONGEST_PAUSE)).await;
    }
}

/// What is in the way now.
async fn obstacles(client: &Client, needed: &[Permission]) -> Vec<Obstacle> {
    let mut found = Vec::new();
    for permission in needed {
        match is_granted(client, permission).await {
            Ok(true) => {}
            Ok(false) => found.push(Obstacle::Missing(*permission)),
            // The others would fail in the same way.
            Err(error) if error.is_forbidden() => return vec![Obstacle::Refused(error.to_string())],
            Err(error) => return vec![Obstacle::Unreachable(error.to_string())],
        }
    }
    found
}

/// The text of an error may change from attempt to attempt; it is the same obstacle.
fn without_text(obstacle: &Obstacle) -> Obstacle {
    match obstacle {
        Obstacle::Missing(permission) => Obstacle::Missing(*permission),
        Obstacle::Refused(_) => Obstacle::Refused(String::new()),
        Obstacle::Unreachable(_) => Obstacle::Unreachable(String::new()),
    }
}

/// A SelfSubjectAccessReview (authorization.k8s.io/v1).
#[derive(Deserialize)]
struct Review {
    #[serde(default)]
    metadata: Meta,
    status: Status,
}

#[derive(Deserialize)]
struct Status {
    allowed: bool,
}

impl Object for Review {
    const GROUP: &'static str = "authorization.k8s.io";
    const VERSION: &'static str = "v1";
    const KIND: &'static str = "SelfSubjectAccessReview";
    const PLURAL: &'static str = "selfsubjectaccessreviews";
    const NAMESPACED: bool = false;

    fn meta(&self) -> &Meta {
        &self.metadata
    }
}

/// Asks whether the client may do something. A server that does not serve the question restricts nobody.
async fn is_granted(client: &Client, permission: &Permission) -> Result<bool, RequestError> {
    let reviews = Collection::new(client.clone(), Resource::of::<Review>());
    match reviews.create_and_read::<Review>("", &question(permission)).await {
        Ok(review) => Ok(review.status.allowed),
        Err(error) if error.is_not_found() => Ok(true),
        Err(error) => Err(error),
    }
}

fn question(permission: &Permission) -> Value {
    // RBAC rules write both in one, ResourceAttributes has a field for each.
    let (resource, subresource) = permission
        .resource
        .split_once('/')
        .unwrap_or((permission.resource, ""));
    json!({
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": {
            "verb": permission.verb,
            "group": permission.group,
            "resource": resource,
            "subresource": subresource,
            "namespace": permission.namespace,
            "name": permission.name,
        }},
    })
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use http::{Request, Response};
    use http_body_util::Full;
    use kube::client::Body;

    use super::*;

    const PATCH: Permission = Permission {
        verb: "patch",
        group: "",
        resource: "nodes/status",
        namespace: "",
        name: "",
    };
    const LEASE: Permission = Permission {
        verb: "update",
        group: "coordination.k8s.io",
        resource: "leases",
        namespace: "kube-system",
        name: "leader",
    };

    /// A server that gives these answers in turn, as status code and body, and the last one for ever.
    fn scripted(answers: &[(u16, &str)]) -> Client {
        let mut answers: Vec<(u16, String)> = answers
            .iter()
            .map(|(code, text)| (*code, (*text).to_owned()))
            .collect();
        answers.reverse();
        let answers = Arc::new(Mutex::new(answers));
        crate::in_process(move |_: Request<Body>| {
            let mut answers = answers.lock().unwrap();
            let last = answers.len() == 1;
            let (code, body) = if last {
                answers[0].clone()
            } else {
                answers.pop().unwrap()
            };
            async move {
                let body = Full::new(bytes::Bytes::from(body));
                Response::builder().status(code).body(body).unwrap()
            }
        })
    }

    const YES: (u16, &str) = (201, r#"{"status":{"allowed":true}}"#);
    const NO: (u16, &str) = (201, r#"{"status":{"allowed":false}}"#);
    const FORBIDDEN: (u16, &str) = (
        403,
        r#"{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}"#,
    );
    const AWAY: (u16, &str) = (
        503,
        r#"{"kind":"Status","code":503,"reason":"ServiceUnavailable","message":"away"}"#,
    );

    async fn reported(answers: &[(u16, &str)]) -> Vec<String> {
        let mut reported = Vec::new();
        let client = scripted(answers);
        wait(&client, &[PATCH, LEASE], |obstacle| {
            reported.push(obstacle.to_string());
        })
        .await;
        reported
    }

    #[tokio::test(start_paused = true)]
    async fn every_obstacle_is_reported_once_however_long_it_stays() {
        let mut answers = vec![AWAY; 3];
        answers.extend([FORBIDDEN; 40]);
        answers.extend([NO, NO].repeat(20));
        answers.extend([YES, NO].repeat(20));
        answers.push(YES);
        let told = reported(&answers).await;
        assert_eq!(told.len(), 4, "{told:#?}");
        assert!(told[0].starts_with("API server: "), "{told:?}");
        assert!(
            told[1].starts_with("not allowed: create selfsubjectaccessreviews"),
            "{told:?}"
        );
        assert_eq!(told[2], "not allowed: patch nodes/status");
        assert_eq!(
            told[3],
            "not allowed: update leases.coordination.k8s.io leader in namespace kube-system"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_without_reviews_restricts_nobody() {
        let body = r#"{"kind":"Status","code":404,"reason":"NotFound","message":"not found"}"#;
        assert!(reported(&[(404, body)]).await.is_empty());
    }
}
