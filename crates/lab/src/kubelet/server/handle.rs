//! From a request to its answer: who asks, what for, of which pod.

use std::sync::Arc;

use http::{Response, header};
use hyper::body::Incoming;
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::answer::{Body, Refusal};
use super::request::{Ask, Request, Wants};
use super::streams::Streams;
use super::upgrade::{self, Transport};
use super::{attach, exec, logs, port_forward, spdy, websocket};
use crate::kubelet::console::Console;
use crate::kubelet::context::{NodeContext, PodContext};
use crate::kubelet::pods::{Found, Pods};
use crate::kubelet::spec::Container;

/// What requests are answered with.
pub(super) struct Service {
    pub(super) node: Arc<NodeContext>,
    pub(super) pods: Pods,
    /// The header by which the API server is known.
    pub(super) authorization: String,
}

impl Service {
    /// Answers a request. What is upgraded goes on until `stop` is cancelled.
    pub(super) async fn answer(
        &self,
        request: http::Request<Incoming>,
        stop: CancellationToken,
    ) -> Response<Body> {
        self.try_answer(request, stop)
            .unwrap_or_else(Refusal::into_response)
    }

    fn try_answer(
        &self,
        request: http::Request<Incoming>,
        stop: CancellationToken,
    ) -> Result<Response<Body>, Refusal> {
        let authorization = request.headers().get(header::AUTHORIZATION);
        if authorization.is_none_or(|value| value.as_bytes() != self.authorization.as_bytes()) {
            return Err(Refusal::unauthorized());
        }
        let uri = request.uri().clone();
        let asked = Request::parse(uri.path(), uri.query().unwrap_or_default(), Timestamp::now())?;
        let found = self.pods.find(&asked.pod).ok_or_else(|| {
            Refusal::not_found(format!("pod {} is not on node {}", asked.pod, self.node.name))
        })?;
        match asked.ask {
            Ask::Log {
                container,
                wanted,
                follow,
                previous,
            } => logs::logs(&found, &container, wanted, follow, previous),
            Ask::Exec {
                container,
                command,
                streams,
            } => {
                if command.is_empty() {
                    return Err(Refusal::bad_request("command: is missing"));
                }
                let (context, spec, _) = running(&found, &container)?;
                connect(request, stop, streams, move |streams_of_client| async move {
                    exec::exec(&context, &spec, command, streams, streams_of_client).await;
                })
            }
            Ask::Attach { container, streams } => {
                let (_, spec, console) = running(&found, &container)?;
                // A container's terminal is its own; the client cannot choose.
                connect(request, stop, streams, move |streams_of_client| async move {
                    attach::attach(console, &spec, streams, streams_of_client).await;
                })
            }
            Ask::PortForward => forward(request, stop, sandbox(&found)?),
        }
    }
}

fn sandbox(found: &Found) -> Result<PodContext, Refusal> {
    let name = &found.pod.metadata.name;
    let sandbox = found.sandbox.clone();
    sandbox.ok_or_else(|| Refusal::bad_request(format!("pod {name:?} does not run")))
}

/// A container that runs.
fn running(found: &Found, container: &str) -> Result<(PodContext, Container, Console), Refusal> {
    let context = sandbox(found)?;
    let spec = found.pod.spec.container(container).cloned();
    let console = context.consoles.get(container);
    match (spec, console) {
        (Some(spec), Some(console)) => Ok((context, spec, console)),
        _ => Err(Refusal::bad_request(format!(
            "container {container:?} of pod {:?} does not run",
            found.pod.metadata.name
        ))),
    }
}

/// Upgrades the connection of an exec or attach and runs what the streams are for.
fn connect<F>(
    mut request: http::Request<Incoming>,
    stop: CancellationToken,
    wants: Wants,
    serve: impl FnOnce(Streams) -> F + Send + 'static,
) -> Result<Response<Body>, Refusal>
where
    F: Future<Output = ()> + Send,
{
    let (transport, response) = upgrade::agree(request.headers(), &upgrade::COMMAND)?;
    let upgrading = hyper::upgrade::on(&mut request);
    let work = async move {
        let upgraded = match upgrading.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%error, "a client of a pod has left"),
        };
        let (streams, carrier) = Streams::pair();
        let carried = async {
            match transport {
                Transport::WebSocket => websocket::carry(websocket::accept(upgraded).await, carrier).await,
                Transport::Spdy => spdy::carry(TokioIo::new(upgraded), wants, carrier).await,
            }
        };
        tokio::join!(carried, serve(streams));
    };
    tokio::spawn(async move { stop.run_until_cancelled(work).await });
    Ok(response)
}

fn forward(
    mut request: http::Request<Incoming>,
    stop: CancellationToken,
    context: PodContext,
) -> Result<Response<Body>, Refusal> {
    let (transport, response) = upgrade::agree(request.headers(), &upgrade::PORT_FORWARD)?;
    let upgrading = hyper::upgrade::on(&mut request);
    let work = async move {
        let upgraded: Upgraded = match upgrading.await {
            Ok(upgraded) => upgraded,
            Err(error) => return tracing::debug!(%error, "a client of a pod has left"),
        };
        let session = match transport {
            Transport::WebSocket => {
                spdy::Session::start(websocket::tunnel(websocket::accept(upgraded).await))
            }
            Transport::Spdy => spdy::Session::start(TokioIo::new(upgraded)),
        };
        port_forward::serve(&context.place, session).await;
    };
    tokio::spawn(async move { stop.run_until_cancelled(work).await });
    Ok(response)
}
