//! What a request asks for: its host and path, checked.

use std::borrow::Cow;

use http::header::HOST;
use http::{Method, Request, Version};
use kinglet_ingress_routes::{host, path};

use super::reply::Reply;

/// A checked request target.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Target<'a> {
    /// Host and port as the client wrote them; empty for an HTTP/1.0 request without `Host`.
    pub(crate) authority: &'a str,
    /// Whether `authority` comes from the request target, and `Host` has to be made of it.
    pub(crate) from_uri: bool,
    /// The normalised path.
    pub(crate) path: Cow<'a, str>,
}

impl<'a> Target<'a> {
    /// Reads the target, or gives the reply to a request that is not forwarded.
    pub(crate) fn read<B>(request: &'a Request<B>) -> Result<Self, Reply> {
        if request.method() == Method::CONNECT {
            return Err(Reply::NotImplemented);
        }
        let (authority, from_uri) = authority(request)?;
        // An authority that other programs read differently could pass a check here and mean another host
        // there.
        if !host::is_valid(authority) {
            return Err(Reply::BadRequest);
        }
        if request.method() == Method::OPTIONS && request.uri().path() == "*" {
            return Err(Reply::Options);
        }
        let path = path::normalize(request.uri().path()).map_err(|_| Reply::BadRequest)?;
        Ok(Self {
            authority,
            from_uri,
            path,
        })
    }
}

/// The authority: of the target if it has one (RFC 9112 section 3.2.2, RFC 9113 section 8.3.1), else of
/// `Host`. HTTP/1.1 and HTTP/2 requests need one, and in HTTP/2 both must agree.
fn authority<B>(request: &Request<B>) -> Result<(&str, bool), Reply> {
    // The framing refuses several `Host` in HTTP/1.1; HTTP/2 requests come here unchecked.
    let mut hosts = request.headers().get_all(HOST).iter();
    let header = hosts
        .next()
        .map(|host| host.to_str())
        .transpose()
        .map_err(|_| Reply::BadRequest)?;
    let version = request.version();
    if hosts.next().is_some() || (version == Version::HTTP_11 && header.is_none()) {
        return Err(Reply::BadRequest);
    }
    let Some(authority) = request.uri().authority() else {
        return match header {
            None if version == Version::HTTP_2 => Err(Reply::BadRequest),
            header => Ok((header.unwrap_or_default(), false)),
        };
    };
    let differs = header.is_some_and(|header| !header.eq_ignore_ascii_case(authority.as_str()));
    // RFC 9113 section 8.3.1: such a request is malformed. It would be routed by one and answered by the
    // other.
    if version == Version::HTTP_2 && differs {
        return Err(Reply::BadRequest);
    }
    Ok((authority.as_str(), true))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(version: Version, method: &str, uri: &str, hosts: &[&str]) -> Result<(String, String), Reply> {
        let mut request = Request::builder().version(version).method(method).uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        let request = request.body(()).unwrap();
        Target::read(&request).map(|target| (target.authority.to_owned(), target.path.into_owned()))
    }

    #[test]
    fn targets() {
        let ok = |host: &str, path: &str| Ok((host.to_owned(), path.to_owned()));
        let bad = Err(Reply::BadRequest);
        let (one, old, two) = (Version::HTTP_11, Version::HTTP_10, Version::HTTP_2);
        for (version, method, uri, hosts, expected) in [
            (one, "GET", "/a/../b", &["x"][..], ok("x", "/b")),
            (one, "GET", "http://y:80/p", &["x"], ok("y:80", "/p")),
            (one, "GET", "/", &[], bad.clone()),
            (one, "GET", "/", &["x", "x"], bad.clone()),
            (one, "GET", "/", &["x/y"], bad.clone()),
            (one, "GET", "/", &[""], ok("", "/")),
            (one, "GET", "http://u@y/", &["x"], bad.clone()),
            (one, "GET", "/%zz", &["x"], bad.clone()),
            (one, "GET", "*", &["x"], bad.clone()),
            (one, "OPTIONS", "*", &["x"], Err(Reply::Options)),
            (one, "CONNECT", "x:443", &["x:443"], Err(Reply::NotImplemented)),
            (old, "GET", "/", &[], ok("", "/")),
            (two, "GET", "https://y/p", &[], ok("y", "/p")),
            (two, "GET", "https://y/p", &["z"], bad.clone()),
            (two, "GET", "/p", &["z"], ok("z", "/p")),
            (two, "GET", "/p", &[], bad),
        ] {
            assert_eq!(
                read(version, method, uri, hosts),
                expected,
                "{version:?} {method} {uri} {hosts:?}"
            );
        }
    }
}
