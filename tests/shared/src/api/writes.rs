//! What clients write.

use std::sync::{Arc, Mutex};

use http::{Method, Response};
use kinglet_kube::Client;

/// The requests by which clients wrote. Clones are the same list.
#[derive(Clone, Debug, Default)]
pub struct Writes(Arc<Mutex<Vec<String>>>);

impl Writes {
    /// The same client, whose writes are noted.
    ///
    /// # Panics
    /// There is no server.
    pub fn of(&self, client: Client) -> Client {
        let writes = self.clone();
        kinglet_kube::in_process(move |request| {
            if request.method() != Method::GET {
                let text = format!("{} {}", request.method(), request.uri().path());
                writes.0.lock().unwrap().push(text);
            }
            let client = client.clone();
            async move {
                let response: Response<_> = client.send(request).await.unwrap();
                response
            }
        })
    }

    /// Those whose method and path, `PATCH /api/v1/...`, fulfil a condition.
    ///
    /// # Panics
    /// Another test has.
    pub fn matching(&self, condition: impl Fn(&str) -> bool) -> Vec<String> {
        let writes = self.0.lock().unwrap();
        writes.iter().filter(|text| condition(text)).cloned().collect()
    }
}
