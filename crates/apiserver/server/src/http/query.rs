//! Query parameters.

use std::time::Duration;

use crate::error::ApiError;

/// The decoded parameters of a query, in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Parses `a=b&c=d` with percent and plus encoding (WHATWG URL, `application/x-www-form-urlencoded`).
    pub(crate) fn parse(text: &str) -> Self {
        let pairs = text.split('&').filter(|pair| !pair.is_empty());
        Self(
            pairs
                .map(|pair| {
                    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
                    (percent_decode(key, true), percent_decode(value, true))
                })
                .collect(),
        )
    }

    /// A parameter's first value.
    pub(crate) fn get(&self, key: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// A parameter's first value that is not empty.
    pub(crate) fn text(&self, key: &str) -> Option<&str> {
        self.get(key).filter(|value| !value.is_empty())
    }

    /// All values of a parameter.
    pub(crate) fn all<'a>(&'a self, key: &'a str) -> impl Iterator<Item = &'a str> {
        self.0
            .iter()
            .filter(move |(name, _)| name == key)
            .map(|(_, value)| value.as_str())
    }

    /// A boolean parameter: as Kubernetes reads it, anything but `false` and `0` is true, and so is a
    /// parameter without value.
    pub(crate) fn flag(&self, key: &str) -> Option<bool> {
        self.get(key)
            .map(|value| !matches!(value.to_ascii_lowercase().as_str(), "false" | "0"))
    }

    /// A number.
    pub(crate) fn number(&self, key: &str) -> Result<Option<i64>, ApiError> {
        self.text(key)
            .map(|value| {
                value.parse().map_err(|_| {
                    ApiError::bad_request(format!("strconv.ParseInt: parsing {value:?}: invalid syntax"))
                })
            })
            .transpose()
    }

    /// A number of seconds.
    pub(crate) fn seconds(&self, key: &str) -> Result<Option<Duration>, ApiError> {
        Ok(self
            .number(key)?
            .and_then(|seconds| u64::try_from(seconds).ok())
            .map(Duration::from_secs))
    }
}

/// Decodes `%41`, and `+` as a space if `plus`. Malformed escapes stay as they are.
pub(crate) fn percent_decode(text: &str, plus: bool) -> String {
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'+' if plus => out.push(b' '),
            b'%' => {
                let rest = bytes.clone();
                let digits: Vec<u8> = rest.take(2).collect();
                let decoded = std::str::from_utf8(&digits)
                    .ok()
                    .filter(|digits| digits.len() == 2)
                    .and_then(|digits| u8::from_str_radix(digits, 16).ok());
                match decoded {
                    Some(decoded) => {
                        out.push(decoded);
                        bytes.nth(1);
                    }
                    None => out.push(b'%'),
                }
            }
            other => out.push(other),
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_what_clients_send() {
        let query = Query::parse("labelSelector=app%3Dweb%2Ctier+in+%28a%2Cb%29&watch&pretty=false&bad=%zz");
        assert_eq!(query.get("labelSelector"), Some("app=web,tier in (a,b)"));
        assert_eq!(query.flag("watch"), Some(true));
        assert_eq!(query.flag("pretty"), Some(false));
        assert_eq!(query.flag("dryRun"), None);
        assert_eq!(query.get("bad"), Some("%zz"));
    }

    #[test]
    fn numbers_are_checked() {
        let query = Query::parse("limit=5&timeoutSeconds=x");
        assert_eq!(query.number("limit"), Ok(Some(5)));
        assert!(query.seconds("timeoutSeconds").is_err());
    }
}
