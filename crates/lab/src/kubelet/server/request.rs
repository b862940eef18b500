//! Requests to a kubelet: paths and parameters as API servers send them.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp};
use kinglet_model::ObjectName;

use super::answer::Refusal;
use crate::kubelet::log::Wanted;
use crate::kubelet::output::Channel;

/// What is asked of which pod.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) pod: ObjectName,
    pub(super) ask: Ask,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Log {
        container: String,
        wanted: Wanted,
        follow: bool,
        previous: bool,
    },
    Exec {
        container: String,
        command: Vec<String>,
        streams: Wants,
    },
    Attach {
        container: String,
        streams: Wants,
    },
    PortForward,
}

/// The streams that a client wants.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wants {
    pub(super) stdin: bool,
    pub(super) stdout: bool,
    pub(super) stderr: bool,
    pub(super) tty: bool,
}

impl Request {
    pub(super) fn parse(path: &str, query: &str, now: Timestamp) -> Result<Self, Refusal> {
        let query = Query(form_urlencoded::parse(query.as_bytes()).collect());
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (namespace, name, ask) = match parts.as_slice() {
            ["containerLogs", namespace, name, container] => (namespace, name, log(container, &query, now)?),
            ["exec", namespace, name, container] => (namespace, name, exec(container, &query)),
            ["attach", namespace, name, container] => {
                let (container, streams) = ((*container).to_owned(), query.wants());
                (namespace, name, Ask::Attach { container, streams })
            }
            ["portForward", namespace, name] => (namespace, name, Ask::PortForward),
            _ => return Err(Refusal::not_found(format!("this kubelet serves no {path}"))),
        };
        Ok(Self {
            pod: ObjectName::new(*namespace, *name),
            ask,
        })
    }
}

fn exec(container: &str, query: &Query<'_>) -> Ask {
    Ask::Exec {
        container: container.to_owned(),
        command: query.all("command").map(str::to_owned).collect(),
        streams: query.wants(),
    }
}

fn log(container: &str, query: &Query<'_>, now: Timestamp) -> Result<Ask, Refusal> {
    let stream = match query.get("stream") {
        None | Some("All") => None,
        Some("Stdout") => Some(Channel::Stdout),
        Some("Stderr") => Some(Channel::Stderr),
        Some(other) => {
            return Err(Refusal::bad_request(format!(
                "stream: {other:?} is none of All, Stdout, Stderr"
            )));
        }
    };
    let wanted = Wanted {
        tail: query.number("tailLines")?,
        since: since(query, now)?,
        limit: query
            .number("limitBytes")?
            .and_then(|limit| usize::try_from(limit).ok()),
        timestamps: query.flag("timestamps"),
        stream,
    };
    Ok(Ask::Log {
        container: container.to_owned(),
        wanted,
        follow: query.flag("follow"),
        previous: query.flag("previous"),
    })
}

fn since(query: &Query<'_>, now: Timestamp) -> Result<Option<Timestamp>, Refusal> {
    if let Some(text) = query.get("sinceTime") {
        let time = text.parse().map_err(|error| {
            Refusal::bad_request(format!("sinceTime: {text:?} is no RFC 3339 time: {error}"))
        })?;
        return Ok(Some(time));
    }
    let seconds = query.number("sinceSeconds")?;
    let seconds = seconds.map(|seconds| i64::try_from(seconds).unwrap_or(i64::MAX));
    // What is too far back for a time is everything.
    Ok(seconds.and_then(|seconds| now.checked_sub(SignedDuration::from_secs(seconds)).ok()))
}

struct Query<'a>(Vec<(Cow<'a, str>, Cow<'a, str>)>);

impl Query<'_> {
    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        let of_name = self.0.iter().filter(move |(key, _)| key == name);
        of_name.map(|(_, value)| value.as_ref())
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.all(name).next()
    }

    fn flag(&self, name: &str) -> bool {
        matches!(self.get(name), Some("1" | "true"))
    }

    fn number(&self, name: &str) -> Result<Option<u64>, Refusal> {
        let parse = |text: &str| {
            text.parse().map_err(|_| {
                Refusal::bad_request(format!("{name}: {text:?} is not a number that is 0 or more"))
            })
        };
        self.get(name).map(parse).transpose()
    }

    fn wants(&self) -> Wants {
        Wants {
            stdin: self.flag("input"),
            stdout: self.flag("output"),
            stderr: self.flag("error"),
            tty: self.flag("tty"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(path: &str, query: &str) -> Request {
        let now = Timestamp::from_second(1000).unwrap();
        Request::parse(path, query, now).unwrap()
    }

    #[test]
    fn requests_of_api_servers() {
        let exec = parse(
            "/exec/shop/web/app",
            "output=1&error=1&command=sh&command=-c&command=a%20%26%20b",
        );
        let streams = Wants {
            stdout: true,
            stderr: true,
            ..Wants::default()
        };
        let command = ["sh", "-c", "a & b"].map(str::to_owned).to_vec();
        let expected = Ask::Exec {
            container: "app".to_owned(),
            command,
            streams,
        };
        assert_eq!(
            exec,
            Request {
                pod: ObjectName::new("shop", "web"),
                ask: expected
            }
        );
        let log = parse(
            "/containerLogs/shop/web/app",
            "follow=true&tailLines=5&sinceSeconds=10&limitBytes=7",
        );
        let wanted = Wanted {
            tail: Some(5),
            since: Timestamp::from_second(990).ok(),
            limit: Some(7),
            ..Wanted::default()
        };
        let container = "app".to_owned();
        assert_eq!(
            log.ask,
            Ask::Log {
                container,
                wanted,
                follow: true,
                previous: false
            }
        );
        assert_eq!(parse("/portForward/a/b", "").ask, Ask::PortForward);
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (query, expected) in [
            (
                "tailLines=x",
                "tailLines: \"x\" is not a number that is 0 or more",
            ),
            ("stream=x", "stream: \"x\" is none of All, Stdout, Stderr"),
        ] {
            let refused = Request::parse("/containerLogs/a/b/c", query, Timestamp::UNIX_EPOCH).unwrap_err();
            let text = String::from_utf8(refused.into_bytes().to_vec()).unwrap();
            let message: serde_json::Value = serde_json::from_str(&text).unwrap();
            assert_eq!(message["message"], expected);
        }
    }
}
