//! What a Pod's kubelet answers: its logs, and connections to what runs in it. The server finds the kubelet
//! by the Pod's Node and passes request and answer on.

mod client;
mod forward;
mod node;
mod pod;
mod resource;

use std::sync::Arc;

use http::request::Parts;

pub use self::client::KubeletClient;
use self::pod::Pod;
pub(crate) use self::resource::PodResource;
use crate::error::ApiError;
use crate::http::{Answer, Payload, Query, Target};
use crate::inner::Inner;

/// Answers a request for such a subresource.
pub(crate) async fn answer(
    server: &Arc<Inner>,
    client: &KubeletClient,
    parts: &Parts,
    target: &Target,
    query: &Query,
    resource: PodResource,
) -> Result<Answer, ApiError> {
    if !resource.takes(&parts.method) {
        return Err(ApiError::method_not_allowed());
    }
    let pod = Pod::find(server, target)?;
    let path = resource.path(&pod, query)?;
    let Some(node) = pod.node() else {
        // As in Kubernetes: a Pod that nobody runs yet has said nothing.
        return match resource {
            PodResource::Log => Ok(Answer::ok(Payload::Text(String::new()))),
            _ => Err(ApiError::bad_request(format!(
                "pod {} does not have a host assigned",
                pod.name()
            ))),
        };
    };
    let address = node::kubelet_address(server, node)?;
    let forward = forward::Forward {
        client,
        node,
        address,
        stop: &server.stop,
    };
    let response = forward.send(parts, &path).await?;
    Ok(Answer::ok(Payload::Response(response)))
}
