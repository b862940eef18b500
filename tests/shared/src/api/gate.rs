//! A way to the API server that tests can close.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use http::{Response, StatusCode};
use http_body_util::Full;
use serde_json::json;

/// A way to the API server that is open until a test closes it. Clones are the same gate.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Mutex<Option<StatusCode>>>);

impl Gate {
    /// From now on every request is answered with this code instead of by the server.
    pub fn close(&self, code: StatusCode) {
        *self.0.lock().unwrap() = Some(code);
    }

    /// Requests reach the server again.
    pub fn open(&self) {
        *self.0.lock().unwrap() = None;
    }

    /// What a request is answered with instead of by the server.
    pub(super) fn refusal(&self) -> Option<Response<Full<Bytes>>> {
        let code = (*self.0.lock().unwrap())?;
        let reason = if code == StatusCode::FORBIDDEN {
            "Forbidden"
        } else {
            "ServiceUnavailable"
        };
        let status = json!({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code.as_u16(),
            "reason": reason, "message": "the gate is closed",
        });
        let mut response = Response::new(Full::new(status.to_string().into()));
        *response.status_mut() = code;
        Some(response)
    }
}
